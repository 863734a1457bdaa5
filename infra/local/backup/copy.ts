import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../plan/problems";
import type { Manifest } from "./manifest";

/** Folders whose contents a server makes anew, or that would be wrong in another one. */
const emptied = [
  "pg_wal",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
  "pg_wal/archive_status",
  "pg_wal/summaries",
];
const leftOut = /(^|\/)(postmaster\.(pid|opts)|pgsql_tmp[^/]*|pg_internal\.init[^/]*|t\d+_\d+[^/]*|backup_label[^/]*)$/;

/**
 * Copies a data folder while its server runs, between `pg_backup_start` and `pg_backup_stop`: what changes meanwhile is mended by the log. Of the slots only
 * those named are taken. The usual advice is to take none, as they hold back the log of a server that nobody reads from; these are what the restored capture goes on
 * at, and others would claim log that nobody kept for them.
 */
export function copyData(data: string, to: string, slots: readonly string[]): Pick<Manifest, "folders" | "files"> {
  const folders: string[] = [];
  const files: Record<string, { bytes: number; sha256: string }> = {};
  const names: string[] = [];
  const walk = (folder: string) => {
    for (const entry of entriesOf(join(data, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (leftOut.test(path)) continue;
      if (entry.isSymbolicLink()) throw tablespace(path);
      if (folder === "pg_replslot" && !slots.includes(entry.name)) continue;
      if (entry.isFile()) names.push(path);
      if (!entry.isDirectory()) continue;
      folders.push(path);
      if (!emptied.includes(path)) walk(path);
      else for (const inner of emptied) if (dirname(inner) === path) folders.push(inner);
    }
  };
  walk("");
  for (const folder of ["", ...folders]) mkdirSync(join(to, folder), { recursive: true, mode: 0o700 });
  // Last: it says up to where the rest is at least.
  names.sort((a, b) => Number(a === "global/pg_control") - Number(b === "global/pg_control"));
  for (const name of names) {
    const copied = copyFile(join(data, name), join(to, name));
    if (copied) files[name] = copied;
  }
  return { folders, files };
}

const isGone = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** @returns size and checksum of the copy; undefined when the file went away, as that of a dropped table does */
export function copyFile(from: string, to: string): { bytes: number; sha256: string } | undefined {
  let source: number;
  try {
    source = openSync(from, "r");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  const target = openSync(to, "wx", 0o600);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(1 << 20);
    let bytes = 0;
    for (let read = readSync(source, buffer); read > 0; read = readSync(source, buffer)) {
      const chunk = buffer.subarray(0, read);
      hash.update(chunk);
      writeSync(target, chunk);
      bytes += read;
    }
    fsyncSync(target);
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

const tablespace = (path: string) =>
  new UserError([
    {
      message: "The data folder holds a link, which a backup does not follow.",
      given: path,
      fix: "Move the tablespace into the default one.",
    },
  ]);
