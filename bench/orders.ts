import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { supervisorOf } from "../infra/local/supervisor/client";
import type { Bench, Note } from "./stack";

const measuredMs = 60_000;
/** Rows that are there before the poller comes to them. */
const backlog = 1_000_000;
/** Longer than the poller's `overlap`: what is older it passes once. */
const awayMs = 70_000;

/** The way of orders: how soon a row is seen in a lake, how fast the poller catches up, and how fast its rows are put together into large files. */
export async function orders(bench: Bench, note: Note): Promise<void> {
  const apps = bench.outputs.apps as unknown as Readonly<Record<string, string>>;
  const metrics = async (app: string) => (await fetch(`${apps[app]}/metrics`)).text();
  const metric = async (app: string, name: string) =>
    [...(await metrics(app)).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  await freshness(bench, note);

  const poller = (await supervisorOf(bench.root).status())?.find(({ name }) => name === "order-poller")?.pid;
  if (!poller) throw new Error("there is no poller");
  const from = await metric("order-poller", "poller_rows_total");
  const [mergedBefore, tookBefore] = await merged();
  process.kill(poller, "SIGSTOP");
  await bench.query(
    "food",
    `INSERT INTO food_orders (customer_name, restaurant_name, item, amount, order_status, created_at)
     SELECT 'Customer ' || i % 1000, 'Restaurant ' || i % 50, 'Item ' || i % 300, (i % 100000 + 1) / 100.0, 'DELIVERED', now() + i * interval '1 microsecond'
     FROM generate_series(1, ${backlog}) AS i`,
  );
  await delay(awayMs);
  const since = Date.now();
  process.kill(poller, "SIGCONT");
  await bench.until(
    `${backlog} rows published`,
    async () => (await metric("order-poller", "poller_rows_total")) >= from + backlog,
    600_000,
  );
  note(`poller catching up, ${backlog} rows in batches of 1000`, perSecond(backlog, Date.now() - since));
  await bench.until("all of them in the lake", async () => (await merged())[0] >= mergedBefore + backlog, 600_000);
  note("the same rows, table → Kafka → Flink → lake, to the last", perSecond(backlog, Date.now() - since));
  const [rows, took] = await merged();
  note("lake keeper merging them, while it merges", perSecond(rows - mergedBefore, (took - tookBefore) * 1000));

  async function merged(): Promise<readonly [rows: number, seconds: number]> {
    return [
      await metric("order-lake-keeper", "lake_rows_total"),
      await metric("order-lake-keeper", "lake_merge_seconds_sum"),
    ];
  }
}

/** From the time of a row to the first look of a reader that finds it, as rows come in. The reader looks ten times a second, on the same clock. */
async function freshness(bench: Bench, note: Note): Promise<void> {
  const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  const files = join(bench.root, "lake", "food-orders", "*", "*.parquet");
  const look = async (behind: bigint) => {
    const found = await duckdb.runAndReadAll(
      `SELECT order_id, epoch_ms(created_at) FROM read_parquet('${files}') WHERE order_id > ${behind} ORDER BY order_id`,
    );
    return found.getRows() as [bigint, bigint][];
  };
  const ages: number[] = [];
  let last = (await look(0n)).at(-1)?.[0] ?? 0n;
  const until = Date.now() + measuredMs;
  while (Date.now() < until) {
    const news = await look(last);
    for (const [, at] of news) ages.push(Date.now() - Number(at));
    last = news.at(-1)?.[0] ?? last;
    await delay(100);
  }
  duckdb.closeSync();
  ages.sort((a, b) => a - b);
  const at = (part: number) => ((ages[Math.floor(ages.length * part)] ?? Number.NaN) / 1000).toFixed(1);
  note(
    "order committed → seen in the lake, polled every 5 s",
    `p50 ${at(0.5)} s, p99 ${at(0.99)} s (${ages.length} orders)`,
    "10 s",
  );
}

const perSecond = (rows: number, ms: number) =>
  `${Math.round(rows / (ms / 1000))
    .toLocaleString("en")
    .replaceAll(",", " ")} rows/s`;
