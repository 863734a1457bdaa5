import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isSegment, nextSegment } from "./wal";

/**
 * The archive of Postgres' log: `<backup>/<system identifier>/wal/<segment>.gz`. Each cluster has a folder of its own: one that is made anew begins its
 * log again with the same names.
 */
export const archiveOf = (cluster: string): string => join(cluster, "wal");

export const archiveSettings = {
  archive_mode: "on",
  archive_command: "sh ../archive.sh %p %f",
  // A segment that is not full is archived after this time: with the copy, what a disaster takes is less than 5 s.
  archive_timeout: "4s",
};

/**
 * Archives the segment `$1`, whose name is `$2`. It appears whole, or not at all, and is never replaced by another content. Postgres keeps what could not be
 * archived, and tries again. The system identifier stands in the segment's first page, at byte 24. Backup labels need no archiving, our manifest has them.
 */
export const archiveScript = `set -eu
umask 077
case "$2" in *[!0-9A-F]*) exit 0 ;; esac
cluster=$(od -An -tu8 -j24 -N8 "$1" | tr -d ' ')
folder=$BACKUP_FOLDER/$cluster/wal
file=$folder/$2.gz
if [ -e "$file" ]; then
  if gzip -dc "$file" | cmp -s - "$1"; then exit 0; fi
  echo "archive: $file is there, and is not this segment: does another server archive to the same folder?" >&2
  exit 1
fi
mkdir -p "$folder"
gzip -1 -c "$1" >"$file.tmp"
sync "$file.tmp"
mv "$file.tmp" "$file"
sync "$folder"
`;

/** Names of the archived segments, in order. */
export function archived(cluster: string): string[] {
  const folder = archiveOf(cluster);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".gz") ? [file.slice(0, -3)] : []));
  return names.filter(isSegment).sort();
}

/** The unbroken run of segments that begins with `from`, and the first that is missing while later ones are there. */
export function unbroken(
  segments: readonly string[],
  from: string,
  segmentBytes: number,
): { run: string[]; missing?: string } {
  const there = new Set(segments);
  const run: string[] = [];
  let next = from;
  for (; there.has(next); next = nextSegment(next, segmentBytes)) run.push(next);
  return segments.some((name) => name > next) ? { run, missing: next } : { run };
}

/** What no base backup needs any more, when the oldest that is kept begins with `from`. */
export const prunable = (segments: readonly string[], from: string): string[] => segments.filter((name) => name < from);
