import type { Payment } from "./payments";

/** A payment spoilt in one way, and what is said of it in the dead letter: every rule that it breaks, in the order of flink-jobs/upi/upi-clean.sql, or unreadable. */
export interface Spoiling {
  readonly says: string;
  readonly value: (payment: Payment) => string | Buffer;
}

const changed =
  (change: Readonly<Record<string, unknown>>) =>
  (payment: Payment): string =>
    JSON.stringify({ ...JSON.parse(payment.value), ...change });
const rules = (says: string, change: Readonly<Record<string, unknown>>): Spoiling => ({ says, value: changed(change) });
export const unreadable = "unreadable";

export const spoilings: readonly Spoiling[] = [
  rules("txn_id_missing", { txn_id: null }),
  rules("txn_id_missing", { txn_id: "" }),
  rules("payer_missing", { payer: undefined }),
  rules("payee_missing", { payee: null }),
  rules("amount_missing", { amount: undefined }),
  rules("amount_unreadable", { amount: "1,200.00" }),
  rules("amount_unreadable", { amount: "NaN" }),
  rules("amount_unreadable", { amount: "12.345" }),
  rules("amount_not_positive", { amount: "0.00" }),
  rules("amount_not_positive", { amount: "-25.00" }),
  rules("status_missing", { status: null }),
  rules("status_unknown", { status: "success" }),
  rules("timestamp_missing", { timestamp: undefined }),
  rules("timestamp_unreadable", { timestamp: "21/11/2026 09:30" }),
  rules("timestamp_unreadable", { timestamp: "2026-02-30T09:30:00Z" }),
  rules("timestamp_in_future", { timestamp: "2097-01-01T00:00:00Z" }),
  rules("payee_missing amount_not_positive status_unknown", { payee: "", amount: "-1.00", status: "MAYBE" }),
  { says: unreadable, value: ({ value }) => value.slice(0, value.length >> 1) },
  { says: unreadable, value: ({ value }) => `[${value}]` },
  { says: unreadable, value: ({ value }) => `${value}${value}` },
  { says: unreadable, value: changed({ amount: 125.5 }) },
  { says: unreadable, value: () => "" },
  { says: unreadable, value: ({ value }) => Buffer.from(value.replace("payer", "pay\u00e9r"), "latin1") },
];
