import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { eventually, outputs, query, root } from "./stack";

/** The lakes as their readers see them: with nothing but DuckDB. */
export type Reader = DuckDBConnection;
export async function openReader(): Promise<Reader> {
  const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
  return duckdb;
}

const lakes = ["food-orders", "food-orders-rejected"] as const;
type LakeName = (typeof lakes)[number];
const files = (lake: LakeName) => join(root, "lake", lake, "*", "*.parquet");

/** Each row as one line of text: with its lake, its folder, and everything that the source has of it. */
const lines: Readonly<Record<LakeName, string>> = {
  "food-orders": `SELECT order_id, concat_ws('|', 'SUCCESS', date::VARCHAR, order_id, customer_name, restaurant_name, item, amount::VARCHAR, order_status,
    strftime(created_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')) AS line`,
  "food-orders-rejected": `SELECT order_id, concat_ws('|', 'FAILED', date::VARCHAR, order_id, coalesce(customer_name, '∅'), coalesce(restaurant_name, '∅'),
    coalesce(item, '∅'), coalesce(amount, '∅'), coalesce(order_status, '∅'), created_at) AS line`,
};

/** The same of the table, its rules written again here by hand. */
const expectedLines = `SELECT concat_ws('|',
    CASE WHEN amount > 0 AND trim(customer_name) <> '' AND trim(restaurant_name) <> '' AND trim(item) <> '' AND trim(order_status) <> ''
      THEN 'SUCCESS' ELSE 'FAILED' END,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), order_id, coalesce(customer_name, '∅'), coalesce(restaurant_name, '∅'), coalesce(item, '∅'),
    coalesce(amount::text, '∅'), coalesce(order_status, '∅'), to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) AS line
  FROM food_orders WHERE order_id <= $1`;

/** Rows with these ids or lower that are seen, of both lakes. */
export async function seen(reader: Reader, most = "9223372036854775807"): Promise<string[]> {
  const all: string[] = [];
  for (const lake of lakes.filter((name) => existsSync(join(root, "lake", name)))) {
    const from = `FROM read_parquet('${files(lake)}', hive_partitioning = true) WHERE order_id <= ${most}`;
    const found = await reader.runAndReadAll(`SELECT line FROM (${lines[lake]} ${from})`).catch((error: Error) => {
      if (/No files found/.test(error.message)) return undefined;
      throw error;
    });
    all.push(...((found?.getRows() ?? []) as [string][]).map(([line]) => line));
  }
  return all;
}

/** Rows of both lakes, and how many keys they have: the same at any moment. */
export async function counts(reader: Reader): Promise<{ rows: number; keys: number }> {
  const both = lakes.map((lake) => `SELECT order_id FROM read_parquet('${files(lake)}')`).join(" UNION ALL ");
  const found = await reader.runAndReadAll(`SELECT count(*), count(DISTINCT order_id) FROM (${both})`);
  const [rows, keys] = found.getRows()[0] as [bigint, bigint];
  return { rows: Number(rows), keys: Number(keys) };
}

/** Waits until every row that the table has now is seen, and compares row by row. @returns how many */
export async function compareTableAndLakes(reader: Reader, limitMs = 90_000): Promise<number> {
  const [last] = await query<{ id: string }>("food", "SELECT max(order_id)::text AS id FROM food_orders");
  const wanted = await query<{ line: string }>("food", expectedLines, [last?.id]);
  const found = await eventually(
    `${wanted.length} orders in the lakes`,
    async () => {
      const now = await seen(reader, last?.id);
      if (now.length < wanted.length) throw new Error(`${now.length} are there`);
      return now;
    },
    limitMs,
  );
  const [expected, received] = [wanted.map(({ line }) => line).sort(), found.sort()];
  const known = new Set(expected);
  const twice = received.filter((line, i) => line === received[i - 1]);
  const there = new Set(received);
  expect({
    missing: expected.filter((line) => !there.has(line)).slice(0, 10),
    unknown: received.filter((line) => !known.has(line)).slice(0, 10),
    twice: twice.slice(0, 10),
  }).toEqual({ missing: [], unknown: [], twice: [] });
  return expected.length;
}

/** What an app counts. */
export async function metric(app: string, name: string): Promise<number> {
  const { apps } = outputs() as unknown as { apps: Readonly<Record<string, string>> };
  const text = await (await fetch(`${apps[app]}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
export async function readiness(app: string): Promise<string> {
  const { apps } = outputs() as unknown as { apps: Readonly<Record<string, string>> };
  return (await fetch(`${apps[app]}/health/ready`)).text();
}
