import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../lib/log";
import { sha256 } from "../change";
import { BadFile, type Comparison, compare, type RowChange } from "./detect";
import type { Publisher } from "./publish";
import { sha256Of, type Version, type Versions } from "./versions";

/** What an upload is about, as far as the caller said. */
export interface UploadArgs {
  readonly company: string;
  readonly table: string;
  /** Empty: those of the current version. */
  readonly keyColumns: readonly string[];
  readonly allowEmpty: boolean;
}

export interface UploadResult {
  readonly fileId: string;
  readonly version: number;
  readonly changes: number;
  readonly rows: number;
}

/** How far an upload is. */
export type Progress =
  | { readonly stage: "receiving"; readonly bytes: number }
  | { readonly stage: "waiting" }
  | { readonly stage: "comparing"; readonly share: number }
  | { readonly stage: "publishing"; readonly published: number; readonly changes: number }
  | { readonly stage: "done"; readonly result: UploadResult; readonly sample: readonly RowChange[] }
  | { readonly stage: "failed"; readonly error: string };

/** Changes that are shown with the progress, at most. */
const sampleSize = 100;
/** A table's key when nobody names one. */
const usualKey = "id";

export interface Uploads {
  /** Takes a file that was received into a folder of `versions.incoming`. It is gone afterwards, one way or the other. */
  readonly take: (
    file: string,
    folder: string,
    args: UploadArgs,
    onProgress: (progress: Progress) => void,
  ) => Promise<UploadResult>;
  /** Settles what was under way when the process ended. */
  readonly settleAll: () => Promise<void>;
}

/** The history goes on where there is no current file to compare with: to begin anew would break it. */
export class LostVersion extends Error {
  override readonly name = "LostVersion";
  constructor(version: number) {
    super(
      `The history of this table goes up to version ${version}, and its current file is gone. Put current/ back from a backup of the folder.`,
    );
  }
}

export interface UploadsArgs {
  readonly versions: Versions;
  readonly publisher: Publisher;
  readonly log: Logger;
  /** The latest version of a table that the history knows of; 0 when it knows none. */
  readonly versionInHistory: (company: string, table: string) => Promise<number>;
}

/** Uploads that are compared and published at the same time: each takes memory. */
const mostAtOnce = 2;

/**
 * Turns uploaded files into versions, one after the other for each table.
 *
 * Delivery: the changes of a version are published once, all or none, before it becomes current; one that was interrupted is settled before anything
 * else happens to its table. Ordering: by row. Failure: what was uploaded is dropped, and the current version stays.
 */
export function createUploads({ versions, publisher, log, versionInHistory }: UploadsArgs): Uploads {
  const inTurn = turns();
  const withRoom = atMost(mostAtOnce);
  const settle = async (company: string, table: string): Promise<void> => {
    const pending = await versions.readPending(company, table);
    if (!pending) return;
    const outcome = await publisher.settle(pending);
    log.warn({ company, table, version: pending.next.version, outcome }, "settled an interrupted upload");
  };

  async function work(
    file: string,
    folder: string,
    args: UploadArgs,
    onProgress: (progress: Progress) => void,
  ): Promise<UploadResult> {
    const { company, table, allowEmpty } = args;
    await settle(company, table);
    const current = await versions.readCurrent(company, table);
    let keys: readonly string[] = [];
    const share = stepwise((done) => onProgress({ stage: "comparing", share: done }));
    const comparison = await compare({
      file,
      former: current && versions.current(company, table),
      keyColumns: (columns) => {
        keys = keysOf(args.keyColumns, current, columns);
        return keys;
      },
      allowEmpty,
      folder,
      onProgress: share,
    });
    const { changes, rows } = comparison;
    if (changes === 0) {
      const fileId = current?.file_id ?? fileIdOf(company, table, 0, await sha256Of(file));
      const result = { fileId, version: current?.version ?? 0, changes, rows };
      onProgress({ stage: "done", result, sample: [] });
      return result;
    }
    // Asked last: what is wrong with a file is said also while Postgres is away.
    const known = current ? 0 : await versionInHistory(company, table);
    if (known > 0) throw new LostVersion(known);
    const next = await nextVersion(args, current, comparison, keys, await sha256Of(file));
    const sample: RowChange[] = [];
    const kept: Comparison = { ...comparison, read: () => sampled(comparison.read(), sample) };
    await publisher.publish(next, file, kept, (published) => onProgress({ stage: "publishing", published, changes }));
    const result = { fileId: next.file_id, version: next.version, changes, rows };
    onProgress({ stage: "done", result, sample });
    log.info({ company, table, ...result }, "a new version");
    return result;
  }

  return {
    take: (file, folder, args, onProgress) => {
      onProgress({ stage: "waiting" });
      const inRoom = () => withRoom(() => work(file, folder, args, onProgress));
      return inTurn(`${args.company}/${args.table}`, inRoom).finally(async () => {
        // A version that is not decided yet still needs its file.
        const pending = await versions.readPending(args.company, args.table).catch(() => undefined);
        if (pending?.staged !== file) await rm(folder, { recursive: true, force: true });
      });
    },
    settleAll: async () => {
      for (const { next } of await versions.allPending()) {
        await inTurn(`${next.company_id}/${next.table_name}`, () => settle(next.company_id, next.table_name));
      }
    },
  };
}

/** @throws BadFile when other keys than before are named, or none where they must be */
function keysOf(named: readonly string[], current: Version | undefined, columns: readonly string[]): readonly string[] {
  if (current && named.length > 0 && named.join("\0") !== current.key_columns.join("\0")) {
    const message = `the table's key is ${current.key_columns.join(", ")}, and stays so; given: ${named.join(", ")}. Leave key_columns out`;
    throw new BadFile([{ message }]);
  }
  const keys = current?.key_columns ?? named;
  if (keys.length > 0) return keys;
  if (columns.includes(usualKey)) return [usualKey];
  const message = `name the key with key_columns: one or several of ${columns.join(", ")}, with commas between. Without it, a column ${usualKey} is the key`;
  throw new BadFile([{ message }]);
}

async function nextVersion(
  { company, table }: UploadArgs,
  current: Version | undefined,
  { columns, rows }: Comparison,
  keys: readonly string[],
  digest: string,
): Promise<Version> {
  const version = (current?.version ?? 0) + 1;
  // Also when the clock was set back: validity never overlaps.
  const time = Math.max(Date.now(), current ? Date.parse(current.changed_at) + 1 : 0);
  return {
    company_id: company,
    table_name: table,
    version,
    file_id: fileIdOf(company, table, version, digest),
    key_columns: keys,
    columns,
    rows,
    changed_at: new Date(time).toISOString(),
    sha256: digest,
  };
}

const fileIdOf = (company: string, table: string, version: number, digest: string) =>
  `${company}_${sha256(JSON.stringify([table, version, digest])).slice(0, 8)}`;

async function* sampled(changes: AsyncGenerator<RowChange>, into: RowChange[]): AsyncGenerator<RowChange> {
  for await (const change of changes) {
    if (into.length < sampleSize) into.push(change);
    yield change;
  }
}

/** Passes on a share when it has grown by a hundredth. */
function stepwise(tell: (share: number) => void): (share: number) => void {
  let last = -1;
  return (share) => {
    if (Math.floor(share * 100) <= last) return;
    last = Math.floor(share * 100);
    tell(last / 100);
  };
}

/** Work under the same name happens one after the other. */
function turns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const result = (last.get(name) ?? Promise.resolve()).then(work, work);
    last.set(name, result);
    const forget = () => {
      if (last.get(name) === result) last.delete(name);
    };
    result.then(forget, forget);
    return result;
  };
}

/** No more than so many at once; the others wait. */
function atMost(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

export const newFolderName = (): string => randomUUID();
export const fileIn = (folder: string): string => join(folder, "upload.csv");
