import { createRequire } from "node:module";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Lake } from "./env";
import { draftOf, type Folder, nextFile, removeIncoming, takePlace, visibleFiles } from "./folders";

export interface Merged {
  /** Rows that the lake did not have. */
  readonly rows: number;
  /** Rows whose key it had, or that came twice. */
  readonly repeated: number;
}

/** Of DuckDB, beside Node's own. What does not fit goes to disk, below `scratch`. */
const memoryLimit = "192MB";

export async function openDuckDb(scratch: string): Promise<DuckDBConnection> {
  // Out of the bundler's sight: it holds machine code.
  const { DuckDBInstance } = createRequire(__filename)("@duckdb/node-api") as typeof import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: memoryLimit,
    threads: "1",
    temp_directory: scratch,
    // Nothing is fetched at run time.
    autoinstall_known_extensions: "false",
  });
  return instance.connect();
}

/**
 * Adds what has come in for one folder of a lake to its last file, or begins the next one, and then removes what came in. Killed in between, it finds the
 * same rows again, and none of them new.
 *
 * @param owned asked before anything changes; throws when the lake is someone else's
 */
export async function merge(
  duckdb: DuckDBConnection,
  lake: Lake,
  { value, incoming }: Folder,
  owned: () => void,
): Promise<Merged> {
  const visible = visibleFiles(lake, value);
  const came = await takeIn(duckdb, lake, incoming);
  if (visible.length > 0) await dropKnown(duckdb, lake, visible);
  const rows = await count(duckdb, "SELECT count(*) FROM news");
  if (rows > 0) {
    const last = visible.at(-1);
    const lastRows = last
      ? await count(duckdb, `SELECT sum(num_rows) FROM parquet_file_metadata(${list([last])})`)
      : Number.POSITIVE_INFINITY;
    const [file, before] = last && lastRows < lake.rowsPerFile ? [last, [last]] : [nextFile(lake, value, visible), []];
    const draft = draftOf(file);
    await duckdb.run(
      `COPY (${rowsOf(lake, before)} UNION ALL SELECT * FROM news) TO ${literal(draft)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    owned();
    await takePlace(draft, file);
  }
  await duckdb.run("DROP TABLE news");
  await removeIncoming(incoming);
  return { rows, repeated: came - rows };
}

/** The rows that came in, each once, in a table of their own. @returns how many came */
async function takeIn(duckdb: DuckDBConnection, lake: Lake, incoming: readonly string[]): Promise<number> {
  await duckdb.run(
    `CREATE OR REPLACE TEMP TABLE news AS ${rowsOf(lake, incoming)} QUALIFY row_number() OVER (PARTITION BY ${identity(lake)}) = 1`,
  );
  return count(duckdb, `SELECT sum(num_rows) FROM parquet_file_metadata(${list(incoming)})`);
}

/** Of what is there, only what may have one of the keys is read: files hold the least and the greatest key of each part. */
async function dropKnown(duckdb: DuckDBConnection, lake: Lake, visible: readonly string[]): Promise<void> {
  const key = identifier(lake.key);
  const known = (condition: string) => {
    const rows = `SELECT ${identity(lake)} FROM (${rowsOf(lake, visible)}) WHERE ${condition}`;
    return duckdb.run(`DELETE FROM news WHERE ${identity(lake)} IN (${rows})`);
  };
  const bounds = await duckdb.runAndReadAll(
    `SELECT min(${key})::VARCHAR, max(${key})::VARCHAR, count(*) - count(${key}) FROM news`,
  );
  const [least, greatest, keyless] = bounds.getRows()[0] as [string | null, string | null, bigint];
  const type = lake.columns.find(({ name }) => name === lake.key)?.duckdb ?? "VARCHAR";
  const bound = (text: string) => `CAST(${literal(text)} AS ${type})`;
  if (least !== null && greatest !== null) await known(`${key} BETWEEN ${bound(least)} AND ${bound(greatest)}`);
  if (keyless > 0n) await known(`${key} IS NULL`);
}

/** What tells rows apart: the key, and without one, everything. */
function identity({ key, columns }: Lake): string {
  const fields = columns.map(({ name }) => `${literal(name)}: ${identifier(name)}`);
  return `CASE WHEN ${identifier(key)} IS NULL THEN {${fields.join(", ")}}::VARCHAR ELSE ${identifier(key)}::VARCHAR END`;
}

/** Rows of files in the columns of the lake; one that a file lacks is null. */
function rowsOf({ columns }: Lake, files: readonly string[]): string {
  const names = columns.map(({ name }) => identifier(name)).join(", ");
  const empty = columns.map(({ name, duckdb }) => `NULL::${duckdb} AS ${identifier(name)}`).join(", ");
  const none = `SELECT ${empty} WHERE false`;
  if (files.length === 0) return none;
  const read = `SELECT * FROM read_parquet(${list(files)}, union_by_name = true, hive_partitioning = false)`;
  return `SELECT ${names} FROM (${none} UNION ALL BY NAME ${read})`;
}

/** Whether a file is Parquet at all. */
export async function isReadable(duckdb: DuckDBConnection, file: string): Promise<boolean> {
  return duckdb.runAndReadAll(`SELECT count(*) FROM read_parquet(${list([file])})`).then(
    () => true,
    () => false,
  );
}

async function count(duckdb: DuckDBConnection, sql: string): Promise<number> {
  return Number((await duckdb.runAndReadAll(sql)).getRows()[0]?.[0] ?? 0);
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
const list = (files: readonly string[]) => `[${files.map(literal).join(", ")}]`;
