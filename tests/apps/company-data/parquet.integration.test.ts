import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import type { Pool } from "pg";
import type { ChangeEvent } from "../../../apps/company-data/change";
import { changesOf, createCompactor } from "../../../apps/company-data/company-consumer/compact";
import { fileNameOf, ParquetFolder, safeKey } from "../../../apps/company-data/company-consumer/parquet";
import { storeChanges } from "../../../apps/company-data/company-consumer/store";
import { createPool } from "../../../apps/lib/postgres";
import { eventually } from "../../support/eventually";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../support/postgres";
import { testLog } from "../support";
import { sheets } from "./files";
import { eventsOf } from "./versions";

/** Files are read by DuckDB, which did not write them. */
let postgres: TestPostgres;
let database: FreshDatabase;
let pool: Pool;
let root: string;
let duck: DuckDBConnection;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.freshDatabase("company_data");
  pool = createPool("test", { POSTGRES_URL: database.url }, testLog().log, 4);
  root = mkdtempSync(join(tmpdir(), "millrace-parquet-"));
  duck = await (await DuckDBInstance.create()).connect();
}, 60_000);
afterAll(async () => {
  duck?.closeSync();
  rmSync(root, { recursive: true });
  await pool.end();
  await database.drop();
  await postgres.stop();
});
beforeEach(() => pool.query("TRUNCATE cdc_events, company_data"));

const select = async (sql: string) =>
  (await duck.runAndReadAll(sql)).getRowObjectsJson() as Record<string, string | null>[];
const columns =
  "event_id, company_id, table_name, row_key, version, file_id, operation, changed_columns, before, after, strftime(changed_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS changed_at";
const eventsIn = async (files: string) =>
  (await select(`SELECT ${columns} FROM read_parquet('${files}') ORDER BY version, row_key`)).map((row) => ({
    ...row,
    version: Number(row.version),
    changed_columns: JSON.parse(String(row.changed_columns)),
    before: row.before && JSON.parse(row.before),
    after: row.after && JSON.parse(row.after),
  }));
const inOrder = (events: readonly ChangeEvent[]) =>
  [...events].sort((a, b) => a.version - b.version || Buffer.compare(Buffer.from(a.row_key), Buffer.from(b.row_key)));

test("a file for each change, and one with all of them, hold what happened", async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(sheets, { minLength: 1, maxLength: 4 }), async (sequence) => {
      await pool.query("TRUNCATE cdc_events, company_data");
      const table = `t${number++}`;
      const folder = new ParquetFolder(root);
      const events = (await eventsOf(sequence, table)).flat();
      const { stored } = await storeChanges(pool, events);
      await folder.writeChanges(stored);
      await folder.writeChanges(stored);
      expect(readdirSync(join(root, "acme", table))).toHaveLength(events.length);
      expect(await eventsIn(`${root}/acme/${table}/*.parquet`)).toEqual(inOrder(events));
      await folder.compact("acme", table, changesOf(pool, "acme", table, 3));
      expect(await eventsIn(folder.compactedFile("acme", table))).toEqual(inOrder(events));
    }),
    { numRuns: 15 },
  );
}, 60_000);

test("a name tells what, when and whose; a key is made safe, and keys stay apart", async () => {
  const [[event]] = (await eventsOf([{ columns: ["id"], rows: [{ id: "42" }] }])) as [[ChangeEvent]];
  expect(fileNameOf({ event, nth: 1 })).toBe("insert_20260101000000_42.parquet");
  expect(fileNameOf({ event, nth: 2 })).toBe("insert_20260101000000_42.2.parquet");
  const keys = ["a", "A", "a/b", "a_b", "../../etc/passwd", "a\0", "x".repeat(1000), "é", "", ".", "con"];
  const names = keys.map(safeKey);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,100}$/);
});

test("drafts of a former process are removed", async () => {
  const folder = new ParquetFolder(root);
  const broken = (async function* () {
    yield [] as ChangeEvent[];
    throw new Error("killed");
  })();
  await expect(folder.compact("acme", "broken", broken)).rejects.toThrow("killed");
  expect(existsSync(folder.compactedFile("acme", "broken"))).toBe(false);
  await folder.begin();
  expect(readdirSync(join(root, "acme"), { recursive: true }).filter((name) => String(name).endsWith(".tmp"))).toEqual(
    [],
  );
});

test("a table that has changed is compacted by itself, also after a failure", async () => {
  const [events] = (await eventsOf([{ columns: ["id"], rows: [{ id: "1" }] }], "late")) as [ChangeEvent[]];
  await storeChanges(pool, events);
  const folder = new ParquetFolder(root);
  const failures: unknown[] = [];
  const compact = folder.compact.bind(folder);
  folder.compact = (...args) => (failures.length === 0 ? Promise.reject(new Error("no room")) : compact(...args));
  const compactor = createCompactor({
    pool,
    folder,
    afterMs: 10,
    onDone: () => undefined,
    onFailed: (error) => failures.push(error),
  });
  const ending = new AbortController();
  const running = compactor.run(ending.signal);
  compactor.changed("acme", "late");
  await eventually("the compacted file", () => existsSync(folder.compactedFile("acme", "late")));
  ending.abort();
  await running;
  expect(failures).toHaveLength(1);
  expect(await eventsIn(folder.compactedFile("acme", "late"))).toEqual(events);
});
