import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../plan/problems";

/** A base backup: `<backup>/<system identifier>/base/<stamp>/`, with `data/` and this in `manifest.json`. It is there only when it is whole. */
export interface Manifest {
  readonly version: 1;
  readonly stamp: string;
  /** Postgres' system identifier. */
  readonly cluster: string;
  readonly segmentBytes: number;
  /** First segment of the log that a restore needs, and the least that it must reach. */
  readonly from: string;
  readonly until: string;
  /** By capture: the slot that is held for this backup. */
  readonly slots: Readonly<Record<string, string>>;
  readonly begun: string;
  readonly finished: string;
  readonly folders: readonly string[];
  /** By path below `data/`. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

export interface Base {
  /** `<backup>/<system identifier>`. */
  readonly cluster: string;
  /** `<backup>/<system identifier>/base/<stamp>`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Base backups of a cluster that are whole, oldest first. */
export function basesOf(cluster: string): Base[] {
  const folder = join(cluster, "base");
  const stamps = existsSync(folder) ? readdirSync(folder).sort() : [];
  return stamps.flatMap((stamp) => {
    const file = join(folder, stamp, "manifest.json");
    if (stamp.endsWith(".tmp") || !existsSync(file)) return [];
    return [{ cluster, folder: join(folder, stamp), manifest: JSON.parse(readFileSync(file, "utf8")) as Manifest }];
  });
}

/** The newest base backup in a backup folder, or in the folder of one of its clusters. @throws UserError when there is none */
export function newestBase(from: string): Base {
  const below = existsSync(from) ? readdirSync(from, { withFileTypes: true }) : [];
  const clusters = below.some(({ name }) => name === "base")
    ? [from]
    : below.filter((entry) => entry.isDirectory()).map(({ name }) => join(from, name));
  const bases = clusters.flatMap(basesOf).sort((a, b) => a.manifest.finished.localeCompare(b.manifest.finished));
  const newest = bases.at(-1);
  if (newest) return newest;
  throw new UserError([
    {
      path: "--from",
      message: "There is no base backup in this folder.",
      given: from,
      allowed: "the folder that millrace:backup names, or one of those in it",
      fix: clusters.some((cluster) => existsSync(join(cluster, "wal")))
        ? "It holds archived log alone: a base backup comes from npm run backup."
        : "Look for the folder that holds <number>/base/ and <number>/wal/.",
    },
  ]);
}
