import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Lake } from "../../../../apps/lake/keeper/env";

/** A folder for lakes, and a DuckDB to write and read them with; both are gone after the test file. */
export function lakeFolder() {
  const folder = mkdtempSync(join(tmpdir(), "millrace-lake-"));
  let duckdb: DuckDBConnection;
  beforeAll(async () => {
    duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
    await duckdb.run("SET TimeZone = 'UTC'");
  });
  afterAll(() => {
    duckdb.closeSync();
    rmSync(folder, { recursive: true, force: true });
  });
  let lakes = 0;
  let files = 0;
  return {
    folder,
    newLake(more: Partial<Lake> = {}): Lake & { glob: string } {
      const name = `orders-${++lakes}`;
      return {
        name,
        url: pathToFileURL(join(folder, name)),
        incoming: pathToFileURL(join(folder, "_incoming", name)),
        columns: [
          { name: "id", duckdb: "BIGINT" },
          { name: "amount", duckdb: "DECIMAL(12, 2)" },
          { name: "at", duckdb: "TIMESTAMP WITH TIME ZONE" },
        ],
        key: "id",
        partitionBy: "date",
        rowsPerFile: 1000,
        ...more,
        glob: join(folder, name, "*", "*.parquet"),
      };
    },
    /** A file as a job brings it: complete when it appears. */
    async bring(lake: Lake, date: string, select: string): Promise<string> {
      const into = join(folder, "_incoming", lake.name, `date=${date}`);
      mkdirSync(into, { recursive: true });
      const name = `part-${String(++files).padStart(6, "0")}`;
      await duckdb.run(
        `COPY (${select}) TO '${join(into, `.${name}.inprogress`).replaceAll("'", "''")}' (FORMAT parquet)`,
      );
      renameSync(join(into, `.${name}.inprogress`), join(into, name));
      return join(into, name);
    },
    async rows<T = Record<string, unknown>>(sql: string): Promise<T[]> {
      return (await duckdb.runAndReadAll(sql)).getRowObjectsJson() as T[];
    },
  };
}

/** Rows with these ids. */
export const orders = (from: number, to: number) =>
  `SELECT i AS id, (i / 100)::DECIMAL(12, 2) AS amount, TIMESTAMPTZ '2026-11-21 10:00:00.000001+00' + to_microseconds(i) AS at FROM range(${from}, ${to}) t(i)`;
