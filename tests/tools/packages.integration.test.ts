import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load, root, start, temporaryFolder, toolUrl } from "./support";

const folder = temporaryFolder();
const packages = load("packages", folder);
const cache = join(folder, "cache");

const lockFile = (version: string) =>
  JSON.stringify({
    packages: {
      "": { name: "project" },
      "node_modules/a": { version },
      "node_modules/only-elsewhere": { version: "1.0.0", optional: true },
    },
  });

/**
 * A project whose npm is a script: it notes each call, does what `npm ci` does, and between removing the old and having the new it says "half" and
 * waits for the file `go`.
 */
function newProject(name: string) {
  const project = join(folder, name);
  mkdirSync(join(project, "bin"), { recursive: true });
  writeFileSync(join(project, "package-lock.json"), lockFile("1.0.0"));
  const npm = `#!/bin/sh
set -e
echo "$@" >> npm-calls
rm -rf node_modules
mkdir -p node_modules/a
: > half
while [ ! -e go ]; do sleep 0.02; done
cp package-lock.json node_modules/.package-lock.json
`;
  writeFileSync(join(project, "bin/npm"), npm);
  chmodSync(join(project, "bin/npm"), 0o755);
  const env = { ...process.env, PATH: `${join(project, "bin")}:${process.env.PATH}` };
  const install = () =>
    start(
      `import { existsSync } from "node:fs";
       import { installPackages } from ${JSON.stringify(toolUrl("packages"))};
       const half = setInterval(() => existsSync(${JSON.stringify(join(project, "half"))}) && console.log("half"), 20);
       await installPackages(${JSON.stringify(cache)}, ${JSON.stringify(project)});
       clearInterval(half);`,
      env,
    );
  const file = (path: string) => join(project, path);
  const calls = () =>
    existsSync(file("npm-calls")) ? readFileSync(file("npm-calls"), "utf8").trimEnd().split("\n") : [];
  const allow = () => writeFileSync(file("go"), "");
  return { project, install, calls, allow, file };
}

test("two processes at once run npm once", async () => {
  const { project, install, calls, allow } = newProject("twice");
  const one = install();
  await one.said("half");
  const two = install();
  allow();
  expect(await Promise.all([one.ended, two.ended])).toEqual([0, 0]);
  expect(calls()).toEqual(["ci --ignore-scripts --no-fund --no-audit --include=dev --include=optional"]);
  expect(packages.arePackagesInstalled(project)).toBe(true);
});

test("a changed lock file is installed again, an unchanged one is not", async () => {
  const { project, install, calls, allow, file } = newProject("changed");
  allow();
  await install().ended;
  await install().ended;
  expect(calls()).toHaveLength(1);
  writeFileSync(file("package-lock.json"), lockFile("2.0.0"));
  expect(packages.arePackagesInstalled(project)).toBe(false);
  await install().ended;
  expect(calls()).toHaveLength(2);
});

test("npm that was killed half-way is run again", async () => {
  const { project, install, calls, allow, file } = newProject("interrupted");
  const one = install();
  await one.said("half");
  const npm = JSON.parse(readFileSync(join(cache, "locks", lockNameOf(project)), "utf8")).processes[1].pid;
  one.process.kill("SIGKILL");
  await one.ended;
  process.kill(npm, "SIGKILL");
  rmSync(file("half"));
  expect(packages.arePackagesInstalled(project)).toBe(false);
  allow();
  expect(await install().ended).toBe(0);
  expect(calls()).toHaveLength(2);
  expect(packages.arePackagesInstalled(project)).toBe(true);
});

test("packages that someone installed by hand are taken as they are, when they are what the lock file says", async () => {
  const { project, install, calls, allow, file } = newProject("by-hand");
  allow();
  mkdirSync(file("node_modules/a"), { recursive: true });
  cpSync(file("package-lock.json"), file("node_modules/.package-lock.json"));
  await install().ended;
  expect(calls()).toHaveLength(0);
  expect(packages.arePackagesInstalled(project)).toBe(true);

  rmSync(file("node_modules/.millrace-stamp"));
  writeFileSync(file("node_modules/.package-lock.json"), JSON.stringify({ packages: {} }));
  await install().ended;
  expect(calls()).toHaveLength(1);
});

test("a failure of npm is shown with what it wrote", async () => {
  const { install, file } = newProject("failed");
  writeFileSync(file("bin/npm"), "#!/bin/sh\necho no such host >&2\nexit 7\n");
  await expect(install().ended).rejects.toThrow(/npm ci .* failed: exit 7\n {4}no such host/);
});

/**
 * npm leaves out of package-lock.json what its registry could not give it, for example packages for other systems, and says nothing; `npm ci` then
 * refuses the file in every clone. Where node_modules was there already, nobody noticed.
 */
test("package-lock.json lists every package that one of its packages asks for", () => {
  interface Entry {
    readonly dependencies?: Record<string, string>;
    readonly optionalDependencies?: Record<string, string>;
  }
  const entries: Record<string, Entry> = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const missing = Object.entries(entries).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in entries))
      .map((name) => `${name}, for ${path || "the project"}`),
  );
  expect(missing).toEqual([]);
});

/** Where Node looks from a package's folder: `a/`, and each that it lies in, up to the project. */
function foldersAbove(path: string): string[] {
  const parts = path.split("/node_modules/");
  return [...parts.keys()].map((i) => `${parts.slice(0, i + 1).join("/node_modules/")}/`).concat("");
}

function lockNameOf(project: string): string {
  return `packages-${load("paths", folder).shortHash(project)}`;
}
