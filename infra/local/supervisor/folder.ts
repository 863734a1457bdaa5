import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { User } from "./launch";
import { folderOf, type StackPaths } from "./paths";
import type { ProcessSpec } from "./protocol";

/** Makes the folder and writes the spec's files into it; `user`, when given, then owns them. */
export function writeFolder(stack: StackPaths, spec: ProcessSpec, user: User | undefined): void {
  const folder = folderOf(stack, spec.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = user ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Only when the owner changes: a data folder may hold a million files.
  if (statSync(folder).uid >>> 0 !== own.uid >>> 0) chownTree(folder, own);
  for (const [name, content] of Object.entries(spec.files)) {
    const path = join(folder, name);
    const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (made) chownTree(made, own);
    writeFileSync(`${path}.tmp`, content, { mode: 0o600 });
    chownSync(`${path}.tmp`, own.uid, own.gid);
    renameSync(`${path}.tmp`, path);
  }
}

/** True when the spec's preparation has to run; what an interrupted one left has then been wiped, unless it is repeatable. */
export function needsPreparation(stack: StackPaths, spec: ProcessSpec): boolean {
  if (!spec.prepare) return false;
  const folder = folderOf(stack, spec.name);
  const mark = readMark(stack, spec.name);
  // Someone who deletes the folder by hand wants a new one.
  if (mark === "done" && existsSync(folder) && readdirSync(folder).length > 0) return false;
  // Without a mark nothing was interrupted: what lies there is data from before there was a preparation, and not ours to wipe.
  if (mark === "begun" && !spec.prepare.repeatable) rmSync(folder, { recursive: true, force: true });
  return true;
}

/** `begun` is written before, `done` after; both outside the folder, so that wiping it does not tell a lie. */
export function markPreparation(stack: StackPaths, name: string, mark: "begun" | "done"): void {
  mkdirSync(stack.prepared, { recursive: true, mode: 0o700 });
  const path = join(stack.prepared, name);
  writeFileSync(`${path}.tmp`, mark);
  renameSync(`${path}.tmp`, path);
}

export function removeFolder(stack: StackPaths, name: string): void {
  // First the mark: interrupted here, the rest of the folder must not pass for prepared.
  if (readMark(stack, name)) markPreparation(stack, name, "begun");
  rmSync(folderOf(stack, name), { recursive: true, force: true });
  rmSync(join(stack.prepared, name), { force: true });
  removeIfEmpty(stack.prepared);
}

export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not empty, or not there
  }
}

function readMark(stack: StackPaths, name: string): "begun" | "done" | undefined {
  try {
    return readFileSync(join(stack.prepared, name), "utf8") === "done" ? "done" : "begun";
  } catch {
    return undefined;
  }
}

function chownTree(path: string, user: User): void {
  lchownSync(path, user.uid, user.gid);
  const entries = statSync(path).isDirectory() ? readdirSync(path, { withFileTypes: true }) : [];
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) chownTree(child, user);
    else lchownSync(child, user.uid, user.gid);
  }
}
