import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lake } from "./env";

/**
 * A lake on disk. Readers see `<partitionBy>=<value>/<name>-<number>.parquet`: a file is complete when it appears, and never goes away but with its whole
 * folder. The last one of a folder is replaced, in one step, by itself with more rows, until it is large enough and the next one begins: so a reader that
 * lists the files finds every row once, at any moment.
 */
export interface Folder {
  /** Of `partitionBy`: the value that the folder is named after. */
  readonly value: string;
  /** Files that jobs have completed, oldest first. */
  readonly incoming: readonly string[];
}

const pathOf = (url: URL) => fileURLToPath(url);

/** What jobs have brought, by folder. Names that begin with a dot are being written; those with an underscore are not data. */
export function incomingFolders({ incoming, partitionBy }: Lake): Folder[] {
  const path = pathOf(incoming);
  const prefix = `${partitionBy}=`;
  return children(path)
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({
      value: decodeURIComponent(name.slice(prefix.length)),
      incoming: children(join(path, name))
        .filter((file) => !/^[._]/.test(file))
        .map((file) => join(path, name, file))
        .sort((a, b) => modified(a) - modified(b)),
    }))
    .filter(({ incoming }) => incoming.length > 0);
}

const folderOf = ({ url, partitionBy }: Lake, value: string) =>
  join(pathOf(url), `${partitionBy}=${encodeURIComponent(value)}`);

/** The files that readers see, in the order of their numbers. */
export function visibleFiles(lake: Lake, value: string): string[] {
  const folder = folderOf(lake, value);
  return children(folder)
    .filter((name) => /^[^._].*\.parquet$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The file behind these ones. */
export function nextFile(lake: Lake, value: string, files: readonly string[]): string {
  const [, number = "0"] = /-(\d+)\.parquet$/.exec(files.at(-1) ?? "") ?? [];
  return join(folderOf(lake, value), `${lake.name}-${String(Number(number) + 1).padStart(6, "0")}.parquet`);
}

/** Where a file is written before it takes its place: not seen by readers. */
export function draftOf(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  return join(dirname(file), `.${basename(file)}.draft`);
}

/** In one step: who lists the folder sees the old one or the new one, and who reads the old one reads on. On disk when it resolves. */
export async function takePlace(draft: string, file: string): Promise<void> {
  await flush(draft);
  await rename(draft, file);
  await flush(dirname(file));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Files that are merged, or of which nothing was new. */
export const removeIncoming = async (files: readonly string[]): Promise<void> => {
  for (const file of files) await unlink(file);
};

/** Puts a file that nothing can be read from out of the way, where a person finds it. @returns where */
export function setAside({ incoming }: Lake, file: string): string {
  const folder = join(pathOf(incoming), "_unreadable");
  mkdirSync(folder, { recursive: true });
  const to = join(folder, `${basename(dirname(file))}_${basename(file)}`);
  renameSync(file, to);
  return to;
}

/** Removes the folders of days that ended longer than `retentionMs` ago. @returns their values */
export function removeOld(lake: Lake, now: number): string[] {
  const { retentionMs, partitionBy } = lake;
  if (retentionMs === undefined) return [];
  const root = pathOf(lake.url);
  const prefix = `${partitionBy}=`;
  const old = children(root)
    .filter(
      (name) => name.startsWith(prefix) && Date.parse(`${name.slice(prefix.length)}T24:00:00Z`) + retentionMs < now,
    )
    .map((name) => name.slice(prefix.length));
  for (const value of old) {
    // Newest rows first, so that what a reader still finds meanwhile has no gap.
    for (const file of visibleFiles(lake, value).reverse()) rmSync(file);
    rmSync(join(root, prefix + value), { recursive: true, force: true });
  }
  return old;
}

/** Says whose lake this is. Of two keepers at once one would undo what the other did: the last one to come stays. */
export function claim({ incoming }: Lake, id: string): void {
  mkdirSync(pathOf(incoming), { recursive: true });
  writeFileSync(join(pathOf(incoming), "_keeper"), id);
}
export const isClaimedBy = ({ incoming }: Lake, id: string): boolean =>
  readFileSync(join(pathOf(incoming), "_keeper"), "utf8") === id;

function children(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

const modified = (file: string) => statSync(file).mtimeMs;
