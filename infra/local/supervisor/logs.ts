import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { send } from "./ending";
import { isHalted } from "./process-table";
import { until } from "./until";

export const MAX_LOG_BYTES = 10_000_000;
export const OLD_LOGS = 3;

/** Opened for appending, so that any number of processes write whole lines, and go on at the start after a rotation. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "a", 0o600);
}

/** A line of the supervisor's own, told from the process's by its dashes. */
export function note(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `--- ${new Date().toISOString()} ${text}\n`, { mode: 0o600 });
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines, oldest first, from `offset` bytes on (default: the start); looks at 64 KiB at most. */
export function lastLines(path: string, count: number, offset = 0): string[] {
  if (!existsSync(path)) return [];
  const fd = openSync(path, "r");
  try {
    const size = fstatSync(fd).size;
    // A rotation since then has put the start of what we look for elsewhere.
    const from = Math.max(size >= offset ? offset : 0, size - 65_536);
    const buffer = Buffer.alloc(size - from);
    readSync(fd, buffer, 0, buffer.length, from);
    return buffer.toString("utf8").trimEnd().split("\n").slice(-count);
  } finally {
    closeSync(fd);
  }
}

/**
 * Moves the content to `<path>.1` (former ones to `.2`, `.3`) and empties the file, which stays the one that the writers have open. They are halted for the
 * last stretch, some milliseconds, because what is written between copying and emptying would be lost.
 * @param writers processes that may write to it, looked up when needed.
 * @returns false when a writer could not be halted within 300 ms (in a slow disk access, say): try again later.
 */
export async function rotate(path: string, writers: () => number[], keep = OLD_LOGS): Promise<boolean> {
  const draft = `${path}.new`;
  const from = openSync(path, "r+");
  const to = openSync(draft, "w", 0o600);
  const halted = new Set<number>();
  try {
    const copied = copyFrom(from, to, 0); // most of it, while they write on
    if (!(await haltAll(writers, halted))) return false;
    copyFrom(from, to, copied);
    for (let n = keep - 1; n >= 1; n--) if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
    renameSync(draft, `${path}.1`);
    ftruncateSync(from, 0);
    return true;
  } finally {
    for (const pid of halted) send(pid, "SIGCONT");
    closeSync(from);
    closeSync(to);
  }
}

/** Until a look at the writers finds no new one, as they may have had children meanwhile. */
async function haltAll(writers: () => number[], halted: Set<number>): Promise<boolean> {
  for (;;) {
    const fresh = writers().filter((pid) => !halted.has(pid));
    if (fresh.length === 0) return true;
    for (const pid of fresh) {
      halted.add(pid);
      send(pid, "SIGSTOP");
    }
    if (!(await until(() => fresh.every(isHalted), { limitMs: 300, everyMs: 1 }))) return false;
  }
}

function copyFrom(from: number, to: number, offset: number): number {
  const buffer = Buffer.allocUnsafe(1 << 20);
  let at = offset;
  for (let size = -1; size !== 0; at += size) {
    size = readSync(from, buffer, 0, buffer.length, at);
    for (let done = 0; done < size; ) done += writeSync(to, buffer, done, size - done);
  }
  return at;
}
