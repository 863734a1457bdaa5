import { app, database, deadLetter, flinkJob, jsonSchema, loader, pipeline, topic } from "../model";

/** UPI payments: generated, cleaned, stored, summed up by day. */
const warehouse = database("upi");
const raw = warehouse.table("raw_upi_transactions");
const clean = warehouse.table("clean_upi_transactions");
const manifest = warehouse.table("generator_manifest");

const payments = topic("upi_transactions", { schema: jsonSchema("upi/transaction", "BACKWARD"), key: "txn_id" });
const cleaned = topic("upi_clean_transactions", {
  schema: jsonSchema("upi/clean-transaction", "BACKWARD"),
  key: "txn_id",
});

export const upi = pipeline("upi", [
  app("upi-generator", { writes: [payments, manifest], settings: { ratePerSecond: 20 } }),
  loader("upi-raw-loader", { reads: payments, writes: raw }),
  flinkJob("upi-clean", { reads: [payments], writes: [cleaned], rejects: deadLetter(payments) }),
  loader("upi-clean-loader", { reads: cleaned, writes: clean }),
]);
