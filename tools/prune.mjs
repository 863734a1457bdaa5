import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { say } from "./progress.mjs";

const day = 24 * 3600 * 1000;
const keptDays = 30;

/** Notes that these are used, those that are there, where this user may write. */
export function touch(paths, now = Date.now()) {
  for (const path of paths) attempt(() => utimesSync(path, now / 1000, now / 1000));
}

/**
 * Once a day, removes from the cache what no run has used for 30 days. What a process still runs on was noted when it was started, together with all
 * else that was used then: nothing of that age or younger goes.
 */
export function prune(cache, now = Date.now(), running = commandLines) {
  const stamp = join(cache, "pruned");
  if (now - usedAt(stamp) < day || !attempt(() => writeFileSync(stamp, ""))) return;
  touch([stamp], now);
  const all = removable(cache).map((path) => ({ path, used: usedAt(path) }));
  const old = all.filter(({ used }) => used < now - keptDays * day);
  const commands = old.length > 0 ? running() : "";
  const oldestInUse = Math.min(...all.filter(({ path }) => commands.includes(path)).map(({ used }) => used));
  const gone = old.filter(({ path, used }) => used < oldestInUse - day && remove(cache, path, used));
  const tools = gone.map(({ path }) => basename(path)).filter((name) => isTool.test(name));
  const others = gone.length > tools.length ? [`${gone.length - tools.length} files that are made again`] : [];
  if (gone.length > 0) say(`removed what nobody used for ${keptDays} days: ${[...tools, ...others].join(", ")}`);
}

const isTool = /^[a-z].*-[0-9a-f]{12}$/;
/** Folders of tools, named after their content, and what is made again at need. What is being made lies in `staging`. */
function removable(cache) {
  const below = (folder) => list(join(cache, folder)).map((name) => join(cache, folder, name));
  const tools = below("").filter((path) => isTool.test(basename(path)));
  return [...tools, ...["class-data", "bundles", "translated", "plan", "job-graphs"].flatMap(below)];
}

/** In one step, so that nobody finds half of it; unless somebody has just begun to use it. */
function remove(cache, path, used) {
  const away = join(cache, "staging", `pruned.${process.pid}.${basename(path)}`);
  mkdirSync(join(cache, "staging"), { recursive: true });
  const isMoved = usedAt(path) === used && attempt(() => renameSync(path, away));
  return isMoved && attempt(() => rmSync(away, { recursive: true, force: true }));
}

const usedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const list = (folder) => attempt(() => readdirSync(folder)) || [];

/** Of all processes of this machine. */
function commandLines() {
  if (process.platform !== "linux") return execFileSync("ps", ["-axww", "-o", "command="], { encoding: "utf8" });
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) || "").join("\n");
}

/** What was done, or true; false when it could not be: another user's, or gone meanwhile. */
function attempt(act) {
  try {
    return act() ?? true;
  } catch {
    return false;
  }
}
