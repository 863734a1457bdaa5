import {
  database,
  dbt,
  deadLetter,
  flinkJob,
  jsonSchema,
  keepPartitions,
  loader,
  outside,
  pipeline,
  schedule,
  sql,
  standIn,
  topic,
} from "../model";

/** UPI payments: generated, cleaned, stored, summed up by day. */
const warehouse = database("upi");
const raw = warehouse.table("raw_upi_transactions");
const clean = warehouse.table("clean_upi_transactions");
const daily = warehouse.table("daily_upi_summary");
const merchants = warehouse.table("merchant_upi_summary");
const manifest = warehouse.table("generator_manifest");

const payments = topic("upi_transactions", { schema: jsonSchema("upi/transaction", "BACKWARD"), key: "txn_id" });
const cleaned = topic("upi_clean_transactions", {
  schema: jsonSchema("upi/clean-transaction", "BACKWARD"),
  key: "txn_id",
});

export const upi = pipeline("upi", [
  standIn("upi-generator", {
    plays: outside("payment apps"),
    writes: [payments, manifest],
    settings: { ratePerSecond: 20 },
  }),
  loader("upi-raw-loader", { reads: payments, writes: raw }),
  flinkJob("upi-clean", { reads: [payments], writes: [cleaned], rejects: deadLetter(payments) }),
  loader("upi-clean-loader", { reads: cleaned, writes: clean }),
  schedule("upi-partitions", {
    cron: "17 * * * *",
    timeZone: "Asia/Kolkata",
    run: [keepPartitions([raw, clean], { ahead: "3 days", retention: "30 days" })],
    writes: [raw, clean],
  }),
  schedule("daily-upi-aggregation", {
    cron: "0 0 * * *",
    timeZone: "Asia/Kolkata",
    run: [sql("daily-summary"), dbt("upi")],
    reads: [raw, clean],
    writes: [daily, merchants],
  }),
]);
