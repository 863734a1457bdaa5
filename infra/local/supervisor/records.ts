import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf, type StackPaths } from "./paths";
import { bootId, type Group, isAlive, membersOf } from "./process-table";
import type { ProcessSpec } from "./protocol";

/** `run/<name>.json`: what a later supervisor must know of a process that outlived the one that started it. Holds no secret. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly start: string;
  readonly boot: string;
  readonly specHash: string;
  /** A preparation is never adopted, only ended. */
  readonly kind: "process" | "preparation";
  /** Epoch ms. */
  readonly startedAt: number;
  readonly program?: string;
  readonly stop?: ProcessSpec["stop"];
}

/**
 * Keyed SHA-256 over everything in the spec, environment included. Whoever reads the hash cannot try passwords against it without the key, which
 * is made anew whenever no process of the stack runs.
 */
export function specHash(stack: StackPaths, spec: ProcessSpec): string {
  return createHmac("sha256", hashKey(stack)).update(canonical(spec)).digest("hex");
}

export function writeRecord(stack: StackPaths, record: ProcessRecord): void {
  const path = recordFile(stack, record.name);
  writeFileSync(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

export function removeRecord(stack: StackPaths, name: string): void {
  rmSync(recordFile(stack, name), { force: true });
}

/** Undefined when there is none, or it is of another boot of the machine. */
export function readRecord(stack: StackPaths, name: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordFile(stack, name), "utf8")) as ProcessRecord;
    return record.boot === bootId() ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Names with a record, alive or not. */
export function recordedNames(stack: StackPaths): string[] {
  try {
    const files = readdirSync(stack.run).filter((file) => file.endsWith(".json"));
    return files.map((file) => file.slice(0, -".json".length));
  } catch {
    return [];
  }
}

export function groupOf(stack: StackPaths, record: ProcessRecord): Group {
  const { pid, start, program } = record;
  return { leader: { pid, start }, folder: folderOf(stack, record.name), ...(program && { program }) };
}

/** Records of which something still runs. */
export function survivors(stack: StackPaths): ProcessRecord[] {
  const records = recordedNames(stack).map((name) => readRecord(stack, name));
  return records.filter(
    (record) => record !== undefined && (isAlive(record) || membersOf(groupOf(stack, record)).length > 0),
  ) as ProcessRecord[];
}

function recordFile(stack: StackPaths, name: string): string {
  return join(stack.run, `${name}.json`);
}

function hashKey(stack: StackPaths): Buffer {
  const path = join(stack.run, "key");
  try {
    return readFileSync(path);
  } catch {
    mkdirSync(stack.run, { recursive: true, mode: 0o700 });
    const key = randomBytes(32);
    writeFileSync(path, key, { mode: 0o600 });
    return key;
  }
}

/** JSON with the keys of objects in order, so that equal specs read the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
