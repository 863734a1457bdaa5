import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { fieldsOf, Problems } from "./csv";
import { type KeyedRow, type Partitions, partition } from "./partitions";

/** A row by column; null is an empty field, "" an empty text in quotes. */
export type Values = Readonly<Record<string, string | null>>;

export type Operation = "insert" | "update" | "delete";
/** What became of one row. */
export interface RowChange {
  readonly operation: Operation;
  readonly key: string;
  readonly before: Values | null;
  readonly after: Values | null;
  /** Sorted; all columns of a row that came or went. */
  readonly changedColumns: readonly string[];
  /** Of the new file; of a deleted row, 0. */
  readonly line: number;
}

/** The file cannot become a version: 400, with all that is wrong. */
export class BadFile extends Error {
  override readonly name = "BadFile";
  constructor(readonly problems: readonly { line?: number; message: string }[]) {
    super(problems.map(({ line, message }) => (line ? `line ${line}: ${message}` : message)).join("; "));
  }
}

export interface Comparison {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly changes: number;
  /** The changes, in no order; can be asked for again. */
  read(): AsyncGenerator<RowChange>;
}

export interface CompareArgs {
  /** The file that was uploaded. */
  readonly file: string;
  /** The current version; undefined when there is none. */
  readonly former: string | undefined;
  readonly keyColumns: (columns: readonly string[]) => readonly string[];
  readonly allowEmpty: boolean;
  /** For the time of the comparison; the caller removes it. */
  readonly folder: string;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
  /** So much of the files, roughly, is compared at once, in memory. Default 4 MiB. */
  readonly partitionBytes?: number;
}

const mostPartitions = 256;

/**
 * Compares two versions of a table by key. Order of rows and columns does not matter.
 *
 * Memory is bounded, whatever the size of the files: both are spread over files by a hash of the key, and those are compared one by one.
 *
 * @throws BadFile with everything that is wrong with the new file
 */
export async function compare(args: CompareArgs): Promise<Comparison> {
  const { folder, signal, partitionBytes = 4 * 1024 * 1024 } = args;
  const sizes = await Promise.all([args.file, args.former].map(async (file) => (file ? (await stat(file)).size : 0)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const count = Math.min(mostPartitions, Math.ceil(Math.max(...sizes, 1) / partitionBytes));
  const problems = new Problems();
  let done = 0;
  const common = {
    folder,
    count,
    keyColumns: args.keyColumns,
    onProgress: (bytes: number) => {
      done += bytes;
      args.onProgress?.(done / total);
    },
    ...(signal && { signal }),
  };
  const now = await partition({ ...common, file: args.file, name: "new", problems });
  const wasThere = args.former;
  if (problems.list.length === 0 && now.rows === 0 && !args.allowEmpty) {
    problems.add(1, "the file has no rows, which would delete all there are. If that is meant, send allow_empty=true");
  }
  if (problems.list.length > 0) throw new BadFile(problems.list);
  const before = wasThere
    ? await partition({ ...common, file: wasThere, name: "old", problems: new Problems() })
    : undefined;
  let changes = 0;
  for (let index = 0; index < count; index++) {
    for await (const pairs of join(now, before, index, problems)) changes += pairs.length;
    signal?.throwIfAborted();
  }
  if (problems.list.length > 0) throw new BadFile(problems.list);
  return {
    columns: now.columns,
    rows: now.rows,
    changes,
    read: async function* () {
      for (let index = 0; index < count; index++) {
        for await (const pairs of join(now, before, index, problems)) {
          for (const [was, is] of pairs) yield changeOf(was, is, before, now);
        }
      }
    },
  };
}

type Pair = readonly [was: KeyedRow | undefined, is: KeyedRow | undefined];

/** Pairs of rows of one partition that differ. Keys that stand twice in the new file are problems. */
async function* join(
  now: Partitions,
  before: Partitions | undefined,
  index: number,
  problems: Problems,
): AsyncGenerator<readonly Pair[]> {
  const old = new Map<string, KeyedRow>();
  if (before) for await (const rows of before.read(index)) for (const row of rows) old.set(row.key, row);
  const sameColumns = before !== undefined && isDeepStrictEqual(before.columns, now.columns);
  const lines = new Map<string, number>();
  for await (const rows of now.read(index)) {
    const pairs: Pair[] = [];
    for (const row of rows) {
      const first = lines.get(row.key);
      if (first !== undefined) {
        problems.add(row.line, `the key ${JSON.stringify(row.key)} stands in line ${first} already`);
        continue;
      }
      lines.set(row.key, row.line);
      const was = old.get(row.key);
      old.delete(row.key);
      if (!was) pairs.push([undefined, row]);
      else if (!(sameColumns && was.bytes.equals(row.bytes)) && differ(was, row, before as Partitions, now))
        pairs.push([was, row]);
    }
    yield pairs;
  }
  yield [...old.values()].map((was): Pair => [was, undefined]);
}

function differ(was: KeyedRow, is: KeyedRow, before: Partitions, now: Partitions): boolean {
  return changedColumns(valuesOf(was, before), valuesOf(is, now)).length > 0;
}

function changeOf(
  was: KeyedRow | undefined,
  is: KeyedRow | undefined,
  before: Partitions | undefined,
  now: Partitions,
): RowChange {
  const old = was && before ? valuesOf(was, before) : null;
  const values = is ? valuesOf(is, now) : null;
  return {
    operation: old === null ? "insert" : values === null ? "delete" : "update",
    key: (is ?? was)?.key ?? "",
    before: old,
    after: values,
    changedColumns: changedColumns(old ?? {}, values ?? {}),
    line: is?.line ?? 0,
  };
}

const valuesOf = (row: KeyedRow, { columns }: Partitions): Values => {
  const fields = fieldsOf(row.bytes);
  return Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? null]));
};

/** A column that came or went is changed, also where it is null. */
function changedColumns(before: Values, after: Values): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}
