import {
  database,
  deadLetter,
  flinkJob,
  jsonSchema,
  keepPartitions,
  loader,
  pipeline,
  schedule,
  sql,
  topic,
} from "../../infra/model";
import { upi } from "../../infra/pipelines/upi";
import type { Plan } from "../../infra/plan/types";
import { copyProject, edit, planOf, problemsOf, temporaryFolder, write } from "./project";

const folder = temporaryFolder();
let plan: Plan;
beforeAll(async () => {
  plan = await planOf(copyProject(folder), [upi]);
});

test("each part may do what it needs, and no more", () => {
  const rights = Object.fromEntries(
    plan.principals.map(({ name, postgres, temporaryIn = [], functions = [], schemas = [] }) => [
      name,
      [
        ...postgres.map(({ table, privileges }) => `${table}: ${privileges.join(" ")}`),
        ...temporaryIn.map((database) => `temporary in ${database}`),
        ...functions.map(({ signature }) => signature),
        ...schemas.map(({ schema }) => `owns ${schema}`),
      ],
    ]),
  );
  expect(rights).toEqual({
    "upi-generator": ["generator_manifest: SELECT INSERT UPDATE"],
    "upi-raw-loader": [
      "raw_upi_transactions: SELECT INSERT UPDATE",
      "loader_offsets: SELECT INSERT UPDATE",
      "temporary in upi",
    ],
    "upi-clean-loader": [
      "clean_upi_transactions: SELECT INSERT UPDATE",
      "loader_offsets: SELECT INSERT UPDATE",
      "temporary in upi",
    ],
    "upi-partitions": [
      "raw_upi_transactions: SELECT INSERT UPDATE DELETE",
      "clean_upi_transactions: SELECT INSERT UPDATE DELETE",
      "schedule_runs: SELECT INSERT UPDATE",
      "keep_partitions(regclass, integer, integer)",
    ],
    "daily-upi-aggregation": [
      "raw_upi_transactions: SELECT",
      "clean_upi_transactions: SELECT",
      "daily_upi_summary: SELECT INSERT UPDATE DELETE",
      "merchant_upi_summary: SELECT INSERT UPDATE DELETE",
      "schedule_runs: SELECT INSERT UPDATE",
      "temporary in upi",
      "owns dbt_upi",
    ],
    flink: [],
  });
});

test("a schedule is planned with its defaults and the text of its files", () => {
  const { schedule: planned } = plan.apps.find(({ name }) => name === "daily-upi-aggregation") ?? {};
  expect(planned).toMatchObject({
    cron: "0 0 * * *",
    timeZone: "Asia/Kolkata",
    attempts: 5,
    backoffMs: 60_000,
    deadlineMs: 3_600_000,
    steps: [
      { kind: "sql", name: "daily-summary" },
      { kind: "dbt", project: "upi" },
    ],
  });
  const [step] = planned?.steps ?? [];
  expect(step?.kind === "sql" && step.statements.map((statement) => statement.split("\n")[0])).toEqual([
    "INSERT INTO daily_upi_summary AS former (date, transactions, successes, failures, success_rate, amount, success_amount)",
    "INSERT INTO merchant_upi_summary AS former (merchant, date, transactions, amount)",
  ]);
  expect(plan.apps.find(({ name }) => name === "upi-partitions")?.schedule?.steps).toEqual([
    {
      kind: "partitions",
      tables: ["raw_upi_transactions", "clean_upi_transactions"],
      aheadDays: 3,
      keepDays: 30,
    },
  ]);
});

test("a job that judges records gets all that can be read, and fills the dead letter itself as well", () => {
  const job = plan.jobs.find(({ name }) => name === "upi-clean")?.statements.join("\n") ?? "";
  expect(job).toMatch(/'value\.lenient\.type' = 'ROW<`txn_id` STRING, /);
  expect(job.match(/INSERT INTO `upi_transactions\.dlq`/g)).toHaveLength(2);
});

test("everything that is wrong with a timetable is told at once", async () => {
  const daily = database("upi").table("daily_upi_summary");
  const wrong = schedule("daily-upi-aggregation", {
    cron: "0 25 * * *",
    timeZone: "Asia/Kolkatta",
    run: [sql("dialy"), keepPartitions([daily], { ahead: "3 days", retention: "a month" as "1 day" })],
    retries: { attempts: 0, backoff: "1 minute" },
    writes: [daily],
  });
  const others = upi.parts.filter(({ name }) => name !== wrong.name);
  const problems = await problemsOf(copyProject(folder), [pipeline("upi", [...others, wrong])]);
  expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "upi › daily-upi-aggregation › timeZone: There is no such time zone.",
    expect.stringMatching(/^upi › daily-upi-aggregation › cron: This is no cron expression: /),
    "upi › daily-upi-aggregation › retries: A run is tried at least once.",
    "upi › daily-upi-aggregation: The file batch-jobs/upi/dialy.sql does not exist.",
    "upi › daily-upi-aggregation › retention: This is no length of time.",
  ]);
});

test("a column that must have a value, and that no field is for, is named", async () => {
  const project = copyProject(folder);
  edit(project, "schemas/upi/clean-transaction.schema.json", '"payer": { "type": "string" },', "");
  edit(project, "schemas/upi/clean-transaction.schema.json", '"payer", ', "");
  const problems = await problemsOf(project, [upi]);
  expect(problems).toContainEqual(
    expect.objectContaining({
      path: "upi › upi-clean-loader",
      message:
        "Column payer of clean_upi_transactions must have a value, and upi_clean_transactions has no such field.",
    }),
  );
});

test("a job that writes a table, or rejects what it does not read, is told the way out", async () => {
  const project = copyProject(folder);
  const orders = topic("orders", { schema: jsonSchema("upi/transaction", "BACKWARD"), key: "txn_id" });
  const table = database("upi").table("clean_upi_transactions");
  write(project, "flink-jobs/upi/other.sql", "SELECT 1;");
  const problems = await problemsOf(project, [
    pipeline("upi", [
      ...upi.parts,
      flinkJob("other", { reads: [], writes: [table], rejects: deadLetter(orders) }),
      loader("orders-loader", { reads: orders, writes: table }),
    ]),
  ]);
  const said = problems.map(({ path, message }) => `${path}: ${message}`);
  expect(said).toContain("upi › other › writes: A job writes topics, and clean_upi_transactions is a table.");
  expect(said).toContain("upi › other › rejects: The job rejects records of orders, which it does not read.");
});
