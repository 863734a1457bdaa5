import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { daysOf, dueFor } from "../../../apps/schedule/clock";
import { history } from "../../../apps/schedule/records";
import { type RunArgs, runOnce } from "../../../apps/schedule/runs";
import { sqlStatements } from "../../../infra/plan/shape/sql-statements";
import type { StepPlan } from "../../../infra/plan/types";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../support/postgres";
import { testLog } from "../support";

let postgres: TestPostgres;
let database: FreshDatabase;
let client: Client;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  database = await postgres.freshDatabase("upi");
  client = new Client(database.url);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

const daily: StepPlan = {
  kind: "sql",
  name: "daily-summary",
  statements: sqlStatements(readFileSync(join(__dirname, "../../../batch-jobs/upi/daily-summary.sql"), "utf8")).map(
    ({ text }) => text,
  ),
};
const partitions = (keepDays = 30): StepPlan => {
  return { kind: "partitions", tables: ["clean_upi_transactions"], aheadDays: 2, keepDays };
};
const argsOf = (steps: readonly StepPlan[], attempts = 1): RunArgs => ({
  name: "daily",
  schedule: { cron: "0 0 * * *", timeZone: "Asia/Kolkata", attempts, backoffMs: 1, deadlineMs: 20_000, steps },
  postgres: { connectionString: database.url },
  dbt: { command: ["false"], projects: "" },
  log: testLog().log,
  signal: new AbortController().signal,
});
const pay = (id: string, time: string, amount: string, status = "SUCCESS", merchant = "cafe1@ybl") =>
  client.query(
    `INSERT INTO clean_upi_transactions (txn_id, event_time, payer, payee, amount, status, merchant_category)
     VALUES ($1, $2, 'asha@ybl', $3, $4, $5, '5812')`,
    [id, time, merchant, amount, status],
  );
const summary = async () =>
  (
    await client.query(
      "SELECT date::text, transactions, successes, failures, success_rate, amount, success_amount FROM daily_upi_summary ORDER BY 1",
    )
  ).rows;
const merchants = async () =>
  (await client.query("SELECT merchant, date::text, transactions, amount FROM merchant_upi_summary ORDER BY 2, 1"))
    .rows;

test("a day is a day of India; a second run changes nothing; what comes late or is corrected is seen by the next run", async () => {
  await pay("a", "2026-11-19T18:29:59.999Z", "10.10");
  await pay("b", "2026-11-19T18:30:00Z", "20.25");
  await pay("c", "2026-11-20T18:29:59Z", "0.05", "FAILED");
  await pay("d", "2026-11-20T12:00:00Z", "5.00", "PENDING", "fuel2@ybl");
  const run = (day: string) => runOnce(argsOf([daily]), dueFor(day), false);
  await run("2026-11-20");
  expect(await summary()).toEqual([
    {
      date: "2026-11-19",
      transactions: "1",
      successes: "1",
      failures: "0",
      success_rate: "1.000000",
      amount: "10.10",
      success_amount: "10.10",
    },
    {
      date: "2026-11-20",
      transactions: "3",
      successes: "1",
      failures: "1",
      success_rate: "0.500000",
      amount: "25.30",
      success_amount: "20.25",
    },
  ]);
  expect(await merchants()).toEqual([
    { merchant: "cafe1@ybl", date: "2026-11-19", transactions: "1", amount: "10.10" },
    { merchant: "cafe1@ybl", date: "2026-11-20", transactions: "2", amount: "20.25" },
    { merchant: "fuel2@ybl", date: "2026-11-20", transactions: "1", amount: "0.00" },
  ]);

  expect(await runOnce(argsOf([daily]), dueFor("2026-11-20"), true)).toMatchObject({ rows: 0 });
  expect(await run("2026-11-20")).toBeUndefined();

  await pay("e", "2026-11-18T12:00:00Z", "7.00");
  await client.query("UPDATE clean_upi_transactions SET status = 'SUCCESS' WHERE txn_id = 'd'");
  await run("2026-11-21");
  expect((await summary()).map(({ date, successes, success_amount }) => [date, successes, success_amount])).toEqual([
    ["2026-11-18", "1", "7.00"],
    ["2026-11-19", "1", "10.10"],
    ["2026-11-20", "2", "25.25"],
    ["2026-11-21", "0", "0.00"],
  ]);
});

test("a backfill is for its days alone", async () => {
  for (const day of daysOf("2026-11-01", "2026-11-03")) await pay(day, `${day}T06:00:00Z`, "1.00");
  for (const due of daysOf("2026-11-02", "2026-11-03").map(dueFor)) await runOnce(argsOf([daily]), due, true);
  expect((await summary()).map(({ date }) => date)).toEqual(["2026-11-02", "2026-11-03"]);
});

test("a run that fails is tried again, nothing of it stays, and each attempt is recorded", async () => {
  const failing: StepPlan = {
    kind: "sql",
    name: "failing",
    statements: ["INSERT INTO daily_upi_summary VALUES ('2026-01-01', 1, 1, 0, 1, 1, 1)", "SELECT 1 / 0"],
  };
  const result = await runOnce(argsOf([failing], 3), dueFor("2026-11-20"), false);
  expect(result).toEqual({ rows: 0, attempts: 3, error: "division by zero" });
  expect(await summary()).toEqual([]);
  const records = await history(client, "daily", 10);
  expect(records.map(({ attempt, error, ended_at }) => [attempt, error, ended_at !== null])).toEqual([
    [3, "division by zero", true],
    [2, "division by zero", true],
    [1, "division by zero", true],
  ]);
});

test("two at once are one after the other, and the second finds the work done", async () => {
  const slow: StepPlan = { kind: "sql", name: "slow", statements: ["SELECT pg_sleep(0.3)"] };
  const both = await Promise.all([1, 2].map(() => runOnce(argsOf([slow]), dueFor("2026-11-20"), false)));
  expect(both.filter(Boolean)).toHaveLength(1);
  expect(await history(client, "daily", 10)).toHaveLength(1);
});

test("a run that was killed is recorded as interrupted, and done again", async () => {
  await client.query(
    "INSERT INTO schedule_runs (schedule, due_at, day, backfill, attempt) VALUES ('daily', now(), '2026-11-20', false, 1)",
  );
  await runOnce(argsOf([daily]), dueFor("2026-11-20"), false);
  expect((await history(client, "daily", 10)).map(({ error }) => error)).toEqual([null, "interrupted"]);
});

test("partitions are made ahead; what came without one is moved to its day; those that are too old go with their rows", async () => {
  const now = new Date().toISOString();
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  // As after a week of sleep: no partition at all, and rows of many days.
  await pay("now", now, "1.00");
  await pay("week", ago(7), "1.00");
  await pay("old", ago(60), "1.00");
  const run = (keepDays?: number) => runOnce(argsOf([partitions(keepDays)]), dueFor("2026-11-20"), true);
  expect(await run()).toMatchObject({ rows: 4 });
  const places = async () =>
    (await client.query("SELECT txn_id, tableoid::regclass::text AS place FROM clean_upi_transactions ORDER BY 1"))
      .rows;
  expect(await places()).toEqual([
    { txn_id: "now", place: expect.stringMatching(/_\d{8}$/) },
    { txn_id: "week", place: expect.stringMatching(/_\d{8}$/) },
  ]);
  expect(await run()).toMatchObject({ rows: 0 });
  await pay("later", new Date(Date.now() + 86_400_000).toISOString(), "1.00");
  expect((await places())[0]).toMatchObject({ txn_id: "later", place: expect.stringMatching(/_\d{8}$/) });
  expect(await run(3)).toMatchObject({ rows: 1 });
  expect((await places()).map(({ txn_id }) => txn_id)).toEqual(["later", "now"]);
});
