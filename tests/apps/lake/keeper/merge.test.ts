import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Lake } from "../../../../apps/lake/keeper/env";
import {
  claim,
  incomingFolders,
  isClaimedBy,
  removeOld,
  setAside,
  visibleFiles,
} from "../../../../apps/lake/keeper/folders";
import { isReadable, type Merged, merge, openDuckDb } from "../../../../apps/lake/keeper/merge";
import { lakeFolder, orders } from "./support";

const { folder, newLake, bring, rows } = lakeFolder();
let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await openDuckDb(join(folder, "scratch"));
});
afterAll(() => duckdb.closeSync());

const day = "2026-11-21";
async function mergeAll(lake: Lake): Promise<Merged> {
  const all = { rows: 0, repeated: 0 };
  for (const one of incomingFolders(lake)) {
    const merged = await merge(duckdb, lake, one, () => undefined);
    all.rows += merged.rows;
    all.repeated += merged.repeated;
  }
  return all;
}
const ids = async (lake: { glob: string }) =>
  (await rows<{ id: string }>(`SELECT id FROM read_parquet('${lake.glob}') ORDER BY id`)).map(({ id }) => Number(id));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test("what comes in becomes part of one file, with the columns' types, and is gone from where it came in", async () => {
  const lake = newLake();
  await bring(lake, day, orders(0, 10));
  await bring(lake, day, orders(10, 20));
  expect(await mergeAll(lake)).toEqual({ rows: 20, repeated: 0 });
  await bring(lake, day, orders(20, 30));
  expect(await mergeAll(lake)).toEqual({ rows: 10, repeated: 0 });
  expect(await ids(lake)).toEqual(range(0, 30));
  expect(visibleFiles(lake, day).map((file) => basename(file))).toEqual([`${lake.name}-000001.parquet`]);
  expect(incomingFolders(lake)).toEqual([]);
  expect(await rows(`SELECT * FROM read_parquet('${lake.glob}', hive_partitioning = true) WHERE id = 29`)).toEqual([
    { id: "29", amount: "0.29", at: "2026-11-21 10:00:00.00003+00", date: "2026-11-21" },
  ]);
  const types = await rows(`SELECT name, logical_type FROM parquet_schema('${visibleFiles(lake, day)[0]}')`);
  expect(JSON.stringify(types)).toMatch(/amount.*DecimalType\(scale=2, precision=12\).*at.*isAdjustedToUTC=1.*MICROS/);
});

test("a file that is large enough stays as it is, and the next one begins", async () => {
  const lake = newLake();
  await bring(lake, day, orders(0, 1500));
  await mergeAll(lake);
  await bring(lake, day, orders(1500, 1600));
  await mergeAll(lake);
  await bring(lake, day, orders(1600, 1700));
  await mergeAll(lake);
  const counts = await rows(`SELECT num_rows AS n FROM parquet_file_metadata('${lake.glob}') ORDER BY file_name`);
  expect(counts).toEqual([{ n: "1500" }, { n: "200" }]);
  expect(await ids(lake)).toEqual(range(0, 1700));
});

test("of each key the first row stays, whichever file it lies in, also when it comes twice at once", async () => {
  const lake = newLake();
  await bring(lake, day, orders(0, 1200));
  await mergeAll(lake);
  await bring(lake, day, `${orders(1000, 1300)} UNION ALL ${orders(1250, 1310)}`);
  expect(await mergeAll(lake)).toEqual({ rows: 110, repeated: 250 });
  await bring(lake, day, `${orders(5, 6)} UNION ALL SELECT 5, 99, now()`);
  expect(await mergeAll(lake)).toEqual({ rows: 0, repeated: 2 });
  expect(await ids(lake)).toEqual(range(0, 1310));
  expect(await rows(`SELECT amount FROM read_parquet('${lake.glob}') WHERE id = 5`)).toEqual([{ amount: "0.05" }]);
});

test("rows without a key are told apart by all that they hold", async () => {
  const lake = newLake();
  const keyless = (amount: string) =>
    `SELECT NULL::BIGINT AS id, ${amount}::DECIMAL(12, 2) AS amount, NULL::TIMESTAMPTZ AS at`;
  await bring(lake, day, `${keyless("1")} UNION ALL ${keyless("2")} UNION ALL ${keyless("NULL")}`);
  expect(await mergeAll(lake)).toEqual({ rows: 3, repeated: 0 });
  await bring(
    lake,
    day,
    `${keyless("2")} UNION ALL ${keyless("NULL")} UNION ALL ${keyless("4")} UNION ALL ${orders(0, 1)}`,
  );
  expect(await mergeAll(lake)).toEqual({ rows: 2, repeated: 2 });
});

test("killed before what came in is removed, it adds nothing twice, and leaves no draft to readers", async () => {
  const lake = newLake();
  const came = await bring(lake, day, orders(0, 50));
  const copy = join(folder, "copy");
  copyFileSync(came, copy);
  await mergeAll(lake);
  copyFileSync(copy, came);
  writeFileSync(
    join(dirname(visibleFiles(lake, day)[0] as string), `.${lake.name}-000001.parquet.draft`),
    "half a file",
  );
  expect(await mergeAll(lake)).toEqual({ rows: 0, repeated: 50 });
  await bring(lake, day, orders(50, 60));
  await mergeAll(lake);
  expect(await ids(lake)).toEqual(range(0, 60));
});

test("a column that was added later is null in rows from before, and one that was taken away is not needed", async () => {
  const lake = newLake();
  await bring(lake, day, orders(0, 2));
  await mergeAll(lake);
  const columns = [...lake.columns.slice(0, 2), { name: "note", duckdb: "VARCHAR" }];
  const changed = { ...lake, columns };
  await bring(changed, day, "SELECT 2::BIGINT AS id, 1::DECIMAL(12, 2) AS amount, 'new' AS note");
  await mergeAll(changed);
  const seen = await rows(`SELECT * FROM read_parquet('${lake.glob}', hive_partitioning = false) ORDER BY id`);
  expect(seen.map((row) => Object.values(row))).toEqual([
    ["0", "0.00", null],
    ["1", "0.01", null],
    ["2", "1.00", "new"],
  ]);
});

test("folders have odd names, too", async () => {
  const lake = newLake();
  const odd = "a'b c";
  await bring(lake, encodeURIComponent(odd), orders(0, 5));
  await mergeAll(lake);
  expect(visibleFiles(lake, odd)).toHaveLength(1);
  expect(await ids(lake)).toEqual(range(0, 5));
});

test("what is being written is left alone, and what is no Parquet is set aside for a person", async () => {
  const lake = newLake();
  const good = await bring(lake, day, orders(0, 5));
  const bad = join(dirname(good), "part-bad");
  writeFileSync(bad, "PAR1 and no more");
  writeFileSync(join(dirname(good), ".part-9.inprogress.1"), "half");
  expect(incomingFolders(lake)[0]?.incoming).toEqual([good, bad]);
  await expect(mergeAll(lake)).rejects.toThrow();
  expect(await isReadable(duckdb, good)).toBe(true);
  expect(await isReadable(duckdb, bad)).toBe(false);
  const aside = setAside(lake, bad);
  expect(existsSync(aside)).toBe(true);
  expect(await mergeAll(lake)).toEqual({ rows: 5, repeated: 0 });
  expect(readdirSync(dirname(good))).toEqual([".part-9.inprogress.1"]);
});

test("days whose time is over go whole, and no other folder does", async () => {
  const lake = newLake({ retentionMs: 86_400_000 });
  for (const date of ["2026-11-18", "2026-11-19", "2026-11-20"]) await bring(lake, date, orders(0, 5));
  await mergeAll(lake);
  mkdirSync(join(fileURLToPath(lake.url), "date=no day"));
  expect(removeOld(lake, Date.parse("2026-11-21T00:00:01Z"))).toEqual(["2026-11-18", "2026-11-19"]);
  expect(readdirSync(fileURLToPath(lake.url)).sort()).toEqual(["date=2026-11-20", "date=no day"]);
  expect(removeOld({ ...lake, retentionMs: undefined }, Date.parse("2030-01-01T00:00:00Z"))).toEqual([]);
});

test("a lake has one keeper: who is not the last to come changes nothing", async () => {
  const lake = newLake();
  claim(lake, "first");
  claim(lake, "second");
  expect([isClaimedBy(lake, "first"), isClaimedBy(lake, "second")]).toEqual([false, true]);
  await bring(lake, day, orders(0, 5));
  const owned = () => {
    throw new Error("another keeper");
  };
  await expect(merge(duckdb, lake, incomingFolders(lake)[0] as never, owned)).rejects.toThrow("another keeper");
  expect(visibleFiles(lake, day)).toEqual([]);
  expect(incomingFolders(lake)).toHaveLength(1);
});
