import { accessSync, constants, readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { shortHash } from "./paths.mjs";

/** The schema registry asks for this much; everything else runs on it too. */
export const oldestJdk = 21;

/** What is looked at to find programs; tests put another one in its place. */
export const machine = {
  env: process.env,
  platform: process.platform,
  home: homedir(),
  nodeVersion: process.versions.node,
  read(file) {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  },
  list(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
  isProgram(file) {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  real(file) {
    try {
      return realpathSync(file);
    } catch {
      return file;
    }
  },
};

/** Path of a program on PATH. */
export function onPath(name, on = machine) {
  for (const folder of (on.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    if (folder && on.isProgram(file)) return file;
  }
  return undefined;
}

/**
 * The JDK to use: JAVA_HOME, else the one of `java` on PATH, else the newest where systems keep them; the first that is new enough and whole.
 * @returns {{ home?: string, version?: string, hash?: string, seen: string[] }} what was seen and why it would not do
 */
export function findJdk(on = machine) {
  const seen = [];
  const usable = (home) => {
    const jdk = home && describe(home, on);
    if (!jdk) return undefined;
    if (jdk.missing) seen.push(`${home} (without ${jdk.missing})`);
    else if (jdk.major < oldestJdk) seen.push(`${home} (${jdk.version})`);
    else return jdk;
    return undefined;
  };
  const chosen = usable(on.env.JAVA_HOME) ?? usable(homeOfJava(on)) ?? newest(systemHomes(on).map(usable));
  return { ...chosen, seen: [...new Set(seen)] };
}

function homeOfJava(on) {
  const java = onPath("java", on);
  return java && dirname(dirname(on.real(java)));
}

/** Debian, Fedora and SDKMAN, macOS, Homebrew on both processors. */
function systemHomes(on) {
  const below = (folder, rest = "") => on.list(folder).map((name) => join(folder, name, rest));
  const homes = [...below("/usr/lib/jvm"), ...below("/usr/java"), ...below(join(on.home, ".sdkman/candidates/java"))];
  if (on.platform === "darwin") {
    homes.push(...below("/Library/Java/JavaVirtualMachines", "Contents/Home"));
    homes.push(...below(join(on.home, "Library/Java/JavaVirtualMachines"), "Contents/Home"));
    for (const brew of ["/opt/homebrew/opt", "/usr/local/opt"]) {
      const formulae = on.list(brew).filter((name) => name.startsWith("openjdk"));
      homes.push(...formulae.map((name) => join(brew, name, "libexec/openjdk.jdk/Contents/Home")));
    }
  }
  return homes;
}

function newest(jdks) {
  return jdks.filter(Boolean).sort((a, b) => compareVersions(b.version, a.version))[0];
}

/** Below 0 when `a` is older. By their numbers; `localeCompare` would take 10 ms to load its tables. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split(/[^0-9]+/).map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Read from the JDK's `release` file: asking `java -version` takes 50 to 100 ms, and this happens at every command. */
function describe(home, on) {
  const release = on.read(join(home, "release"));
  const version = release && /^JAVA_VERSION="?([^"\n]+)"?$/m.exec(release)?.[1];
  if (!version) return undefined;
  // Versions before 9 are written 1.8.0.
  const major = Number(/^(?:1\.)?(\d+)/.exec(version)?.[1]);
  const missing = ["bin/java", "bin/javac", "bin/jar"].find((program) => !on.isProgram(join(home, program)));
  return { home, version, major, missing, hash: shortHash(on.real(home), release) };
}
