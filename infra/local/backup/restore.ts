import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { refuse, UserError } from "../../plan/problems";
import { archived, archiveOf, unbroken } from "./archive";
import { copyFile } from "./copy";
import { type Base, newestBase } from "./manifest";
import { postgresFolder, restoredMark } from "./place";

export interface Restored {
  readonly base: Base;
  readonly segments: number;
}

/**
 * Lays out a data folder: the base backup, and all the log since. At its first start Postgres recovers from that as after a power cut, to the end of the
 * archive, on the same timeline. Nothing is there until all is: an interrupted one is begun again.
 */
export function restoreBackup(from: string, root: string): Restored {
  refuseData(root);
  const base = newestBase(from);
  const segments = segmentsOf(base);
  const folder = postgresFolder(root);
  const part = join(root, "restoring");
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(part, "data"), { recursive: true, mode: 0o700 });
  copyBack(base, join(part, "data"));
  for (const name of segments) unpackSegment(base, name, join(part, "data", "pg_wal", name));
  writeFileSync(join(part, restoredMark), base.manifest.stamp, { mode: 0o600 });
  renameSync(part, folder);
  return { base, segments: segments.length };
}

/** Logs, and what an interrupted restore left, may stay. */
export function refuseData(root: string): void {
  const found = existsSync(root) ? readdirSync(root).filter((name) => name !== "logs" && name !== "restoring") : [];
  if (found.length === 0) return;
  throw new UserError([
    {
      message: "The stack has data already, which a restore would replace.",
      given: found.map((name) => join(root, name)).join(", "),
      fix: "npm run down removes it; the backup stays. Or restore into another stack, with --stack.",
    },
  ]);
}

function segmentsOf({ cluster, manifest }: Base): string[] {
  const { run, missing } = unbroken(archived(cluster), manifest.from, manifest.segmentBytes);
  const last = run.at(-1) ?? "";
  if (missing === undefined && last >= manifest.until) return run;
  const enough = last >= manifest.until;
  throw new UserError([
    {
      file: archiveOf(cluster),
      message: enough
        ? "The archive has a gap: what is behind it cannot be restored."
        : "The archive does not reach to the end of the base backup.",
      given: `${missing ?? manifest.until}.gz is missing`,
      fix: enough
        ? "Bring the segment back; or move the later ones away, to restore what was before it."
        : "Bring the segments back, or restore another backup.",
    },
  ]);
}

/** @throws UserError with every file that is not as it was backed up */
function copyBack({ folder, manifest }: Base, to: string): void {
  for (const name of manifest.folders) mkdirSync(join(to, name), { recursive: true, mode: 0o700 });
  const bad: string[] = [];
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const copied = copyFile(join(folder, "data", name), join(to, name));
    if (copied?.sha256 !== sha256 || copied.bytes !== bytes) bad.push(name);
  }
  const fix = "Restore another copy of the backup: this one has been damaged.";
  refuse(
    bad.map((name) => ({
      file: join(folder, "data", name),
      message: existsSync(join(folder, "data", name)) ? "The file is not as it was backed up." : "The file is missing.",
      fix,
    })),
  );
}

function unpackSegment({ cluster, manifest }: Base, name: string, to: string): void {
  const file = join(archiveOf(cluster), `${name}.gz`);
  const fix =
    "Bring the segment back from another copy; or move it and the later ones away, to restore what was before it.";
  try {
    const content = gunzipSync(readFileSync(file));
    if (content.length !== manifest.segmentBytes) throw new Error(`it has ${content.length} bytes`);
    writeFileSync(to, content, { mode: 0o600 });
  } catch (error) {
    throw new UserError([{ file, message: `The segment cannot be read: ${(error as Error).message}.`, fix }]);
  }
}
