import { load, temporaryFolder } from "./support";

const { checkPrerequisites } = load("prerequisites", temporaryFolder());

interface Fake {
  /** Path → content; programs are files too. */
  readonly files?: Record<string, string>;
  readonly env?: Record<string, string>;
  readonly platform?: string;
  readonly nodeVersion?: string;
  readonly goVersion?: string;
  readonly links?: Record<string, string>;
}

/** A machine that has nothing but what is named. */
function machine({ files = {}, env = {}, platform = "linux", nodeVersion = "20.19.0", goVersion, links = {} }: Fake) {
  return {
    env: { PATH: "/usr/bin", ...env },
    platform,
    home: "/home/me",
    nodeVersion,
    goVersion,
    read: (file: string) => files[file],
    list: (folder: string) => [
      ...new Set(
        Object.keys(files)
          .filter((file) => file.startsWith(`${folder}/`))
          .map((file) => file.slice(folder.length + 1).split("/")[0] as string),
      ),
    ],
    isProgram: (file: string) => file in files || file in links,
    real: (file: string) => links[file] ?? file,
  };
}

const jdk = (home: string, version: string) => ({
  [`${home}/release`]: `JAVA_VERSION="${version}"\n`,
  [`${home}/bin/java`]: "",
  [`${home}/bin/javac`]: "",
  [`${home}/bin/jar`]: "",
});
const everything = { jdk: true, maven: true, go: true, npm: true };
const jdkOf = (fake: Fake) => checkPrerequisites({ jdk: true }, machine(fake)).jdk.home;

function message(need: object, fake: Fake): string {
  try {
    checkPrerequisites(need, machine(fake));
  } catch (error) {
    expect(error).toMatchObject({ name: "UserError" });
    return (error as Error).message;
  }
  throw new Error("nothing was found missing");
}

test("all that is missing is named at once, each with how to get it on three systems", () => {
  const text = message(everything, { nodeVersion: "18.20.4", files: jdk("/usr/lib/jvm/java-17", "17.0.15") });
  const problems = text.split(/\n(?= {2}\S)/).slice(1);
  expect(text).toMatch(/^5 problems:/);
  const subjects = ["Node.js is too old", "npm,", "There is no JDK 21", "Maven,", "Neither Pulumi 3.230.0 nor Go"];
  expect(problems.map((problem, i) => problem.trim().slice(0, subjects[i]?.length))).toEqual(subjects);
  for (const problem of problems) {
    for (const system of ["Debian  ", "Fedora  ", "macOS   "]) expect(problem).toContain(system);
  }
  expect(text).toContain("/usr/lib/jvm/java-17 (17.0.15)");
});

test("what is not needed is not asked for", () => {
  expect(checkPrerequisites({}, machine({}))).toEqual({ jdk: undefined });
});

test("an old default java does not hide a newer JDK, of which the newest is taken", () => {
  const files = {
    ...jdk("/usr/lib/jvm/java-17-openjdk-amd64", "17.0.15"),
    ...jdk("/usr/lib/jvm/java-21-openjdk-amd64", "21.0.9"),
    ...jdk("/usr/lib/jvm/temurin-25-jdk-amd64", "25.0.3"),
    ...jdk("/usr/lib/jvm/java-1.8.0", "1.8.0_292"),
  };
  const links = { "/usr/bin/java": "/usr/lib/jvm/java-17-openjdk-amd64/bin/java" };
  expect(jdkOf({ files, links })).toBe("/usr/lib/jvm/temurin-25-jdk-amd64");
});

test("JAVA_HOME comes first, then java on PATH, while they are new enough", () => {
  const files = {
    ...jdk("/opt/jdk-21", "21.0.9"),
    ...jdk("/opt/jdk-22", "22"),
    ...jdk("/usr/lib/jvm/25", "25.0.3"),
    ...jdk("/opt/jdk-11", "11.0.2"),
  };
  const links = { "/usr/bin/java": "/opt/jdk-22/bin/java" };
  expect(jdkOf({ files, links, env: { JAVA_HOME: "/opt/jdk-21" } })).toBe("/opt/jdk-21");
  expect(jdkOf({ files, links, env: { JAVA_HOME: "/opt/jdk-11" } })).toBe("/opt/jdk-22");
  expect(jdkOf({ files })).toBe("/usr/lib/jvm/25");
});

test("a runtime without bin/jar is passed over, and named when there is nothing else", () => {
  const { "/usr/lib/jvm/jre-25/bin/jar": _, ...jre } = jdk("/usr/lib/jvm/jre-25", "25.0.3");
  expect(jdkOf({ files: { ...jre, ...jdk("/usr/lib/jvm/jdk-21", "21.0.9") } })).toBe("/usr/lib/jvm/jdk-21");
  expect(message({ jdk: true }, { files: jre })).toContain("/usr/lib/jvm/jre-25 (without bin/jar)");
});

test.each([
  "/Library/Java/JavaVirtualMachines/temurin-21.jdk/Contents/Home",
  "/home/me/Library/Java/JavaVirtualMachines/corretto-21/Contents/Home",
  "/opt/homebrew/opt/openjdk@21/libexec/openjdk.jdk/Contents/Home",
  "/usr/local/opt/openjdk/libexec/openjdk.jdk/Contents/Home",
])("macOS: %s is found", (home) => {
  expect(jdkOf({ platform: "darwin", files: jdk(home, "21.0.9") })).toBe(home);
});

test("an older Go does when it may fetch the one that go.mod asks for", () => {
  const go = { "/usr/bin/go": "" };
  checkPrerequisites({ go: true }, machine({ files: go, goVersion: "1.26.8" }));
  checkPrerequisites({ go: true }, machine({ files: go, goVersion: "1.24.4" }));
  expect(message({ go: true }, { files: go, goVersion: "1.24.4", env: { GOTOOLCHAIN: "local" } })).toContain(
    "given    1.24.4 (/usr/bin/go)",
  );
  expect(message({ go: true }, { files: go, goVersion: "1.19.8" })).toContain("Go is too old to build Pulumi 3.230.0");
});
