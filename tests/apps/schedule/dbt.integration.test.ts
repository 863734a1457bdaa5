import { Client } from "pg";
import { dueFor } from "../../../apps/schedule/clock";
import { runOnce } from "../../../apps/schedule/runs";
import { localDbt } from "../../../infra/local/dbt";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../support/postgres";
import { testLog } from "../support";

// The first run on a machine installs dbt.
jest.setTimeout(300_000);

let postgres: TestPostgres;
let database: FreshDatabase;
let client: Client;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.freshDatabase("upi");
  client = new Client(database.url);
  await client.connect();
  await client.query("CREATE ROLE daily LOGIN SUPERUSER");
  await client.query("CREATE SCHEMA dbt_upi AUTHORIZATION daily");
}, 60_000);
afterAll(async () => {
  await client.end();
  await database.drop();
  await postgres.stop();
});

const run = (day: string) =>
  runOnce(
    {
      name: "daily",
      schedule: {
        cron: "0 0 * * *",
        timeZone: "Asia/Kolkata",
        attempts: 1,
        backoffMs: 1,
        deadlineMs: 240_000,
        steps: [{ kind: "dbt", project: "upi" }],
      },
      postgres: { host: "127.0.0.1", port: postgres.port, user: "daily", password: "x", database: database.name },
      dbt: localDbt,
      log: testLog().log,
      signal: new AbortController().signal,
    },
    dueFor(day),
    true,
  );
const payment = (id: string, timestamp: string, more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      txn_id: id,
      timestamp,
      payer: "a@ybl",
      payee: "b@ybl",
      amount: "10.10",
      status: "SUCCESS",
      ...more,
    }),
  );
let offset = 0;
const receive = (id: string | null, value: Buffer) =>
  client.query(
    `INSERT INTO raw_upi_transactions (record_timestamp, record_partition, record_offset, txn_id, record_value)
     VALUES ('2026-11-21T00:00:00Z', 0, $1, $2, $3)`,
    [offset++, id, value],
  );
const facts = async () =>
  (
    await client.query(
      "SELECT txn_date::text, status, transactions, amount, success_rate FROM dbt_upi.fact_upi_aggregates ORDER BY 1, 2",
    )
  ).rows;

test("raw payments become aggregates of days, each once, whatever else is in the table; late ones are picked up, and tests fail a run", async () => {
  await receive("1", payment("1", "2026-11-19T23:59:59+05:30"));
  await receive("2", payment("2", "2026-11-20T00:00:00+05:30"));
  await receive("2", payment("2", "2026-11-20T00:00:00+05:30"));
  await receive("3", payment("3", "2026-11-20T12:00:00Z", { status: "FAILED", amount: "0.05" }));
  await receive("4", payment("4", "2026-11-20T12:00:00Z", { amount: "-1.00" }));
  await receive("5", payment("5", "2026-02-30T12:00:00Z"));
  await receive("6", payment("6", "2026-11-20T12:00:00Z", { payer: "a\0b" }));
  await receive(null, Buffer.from([0xff, 0x7b]));
  const first = await run("2026-11-20");
  expect(first?.error).toBeUndefined();
  const expected = [
    { txn_date: "2026-11-19", status: "SUCCESS", transactions: "1", amount: "10.10", success_rate: "1.000000" },
    { txn_date: "2026-11-20", status: "FAILED", transactions: "1", amount: "0.05", success_rate: "0.500000" },
    { txn_date: "2026-11-20", status: "SUCCESS", transactions: "1", amount: "10.10", success_rate: "0.500000" },
  ];
  expect(await facts()).toEqual(expected);

  await receive("7", payment("7", "2026-11-19T12:00:00+05:30", { amount: "1.00" }));
  expect((await run("2026-11-20"))?.error).toBeUndefined();
  expect((await facts())[0]).toMatchObject({ txn_date: "2026-11-19", transactions: "2", amount: "11.10" });

  // The same id at two times: what the test `unique` is for.
  await receive("7", payment("7", "2026-11-19T13:00:00+05:30", { amount: "1.00" }));
  expect((await run("2026-11-20"))?.error).toMatch(/dbt build of upi: .*unique_stg_upi_transactions_txn_id.*: fail/);
});
