import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { say } from "./progress.mjs";

/**
 * Runs `work` while no other process of this machine holds the lock file at `path`. Waits for a living holder as long as it takes, saying so;
 * a dead one is pushed aside, so nothing need be done when a process is ended by force. `work` gets `alsoHeldBy(pid)`: a child that outlives us (kill −9) then keeps the lock until it ends.
 */
export async function withLock(path, work) {
  let said = false;
  while (!tryLock(path)) {
    if (!said) {
      const holder = read(path)?.processes.find(isAlive);
      if (holder) say(`waiting for process ${holder.pid}, which holds ${path}`);
      said = true;
    }
    await delay(100);
  }
  const processes = [self()];
  try {
    return await work((pid) => {
      processes.push({ pid, started: startOf(pid) });
      replace(path, { processes });
    });
  } finally {
    rmSync(path, { force: true });
  }
}

/** Takes the lock if it is free or its holders are dead. */
export function tryLock(path) {
  mkdirSync(dirname(path), { recursive: true });
  const content = { processes: [self()] };
  if (createOnce(path, content)) return true;
  const holder = read(path);
  if (!holder || holder.processes.some(isAlive)) return false;
  // Two processes could both see the dead holder; the second to push it aside would push the first. So that is done under a lock of its own.
  const pushing = `${path}.takeover`;
  if (!tryLock(pushing)) return false;
  try {
    if (read(path)?.text !== holder.text) return false;
    replace(path, content);
    return true;
  } finally {
    rmSync(pushing, { force: true });
  }
}

/** Creates the file with all its content in one step, unless it exists. */
function createOnce(path, content) {
  const own = writeBeside(path, content);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function replace(path, content) {
  renameSync(writeBeside(path, content), path);
}

function writeBeside(path, content) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(content));
  return own;
}

function read(path) {
  try {
    const text = readFileSync(path, "utf8");
    return { ...JSON.parse(text), text };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function self() {
  return { pid: process.pid, started: startOf(process.pid) };
}

/** A process with this id runs, and it is not a later one that was given the same id. */
export function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") return false;
  }
  const now = startOf(pid);
  return now === undefined ? false : now === started;
}

/** When a process began, in whatever unit the system has; undefined when there is none, or only its remains. */
export function startOf(pid) {
  try {
    if (process.platform === "linux") {
      // The name, in brackets, may hold spaces; state is the first and the start the twentieth field after it (proc(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop().split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
