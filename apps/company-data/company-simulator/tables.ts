import { pick, type Random } from "../../lib/random";

/** A company's accounts, as its next file will hold them. */
export interface Table {
  readonly company: string;
  readonly table: string;
  /** Number of the next account. */
  next: number;
  readonly rows: Row[];
}
interface Row {
  readonly account_id: string;
  holder: string;
  status: "open" | "frozen" | "closed";
  currency: "INR" | "EUR" | "USD";
  /** In hundredths. */
  balance: number;
  note: string | null;
  updated_at: string;
}

const columns = ["account_id", "holder", "status", "currency", "balance", "note", "updated_at"] as const;
const holders = ["Asha Rao", 'Ravi "RK" Kumar', "Meera Iyer", "Müller, Jörg", "Zoë O'Neil", "李 雷", "Anil Shah"];
const notes = [null, "", "call back\nbefore noon", "VIP", "limit, see file", null];

export const companies = ["so-financials", "northwind", "acme-bank"] as const;

export function firstTable(company: string, rows: number, random: Random, now: Date): Table {
  const table: Table = { company, table: "accounts", next: 1, rows: [] };
  while (table.rows.length < rows) open(table, random, now);
  return table;
}

/** Between two files: some accounts move, one is opened or removed now and then. */
export function change(table: Table, random: Random, now: Date): void {
  const moved = 1 + Math.floor(random() * 3);
  for (let i = 0; i < moved && table.rows.length > 0; i++) {
    const row = pick(random, table.rows);
    row.balance += Math.floor(random() * 200_000) - 100_000;
    if (random() < 0.2) row.status = pick(random, ["open", "frozen", "closed"]);
    if (random() < 0.2) row.note = pick(random, notes);
    row.updated_at = now.toISOString();
  }
  if (random() < 0.2) open(table, random, now);
  if (random() < 0.2 && table.rows.length > 1) table.rows.splice(Math.floor(random() * table.rows.length), 1);
}

function open(table: Table, random: Random, now: Date): void {
  table.rows.push({
    account_id: String(table.next++).padStart(6, "0"),
    holder: pick(random, holders),
    status: "open",
    currency: pick(random, ["INR", "EUR", "USD"]),
    balance: Math.floor(random() * 10_000_000),
    note: pick(random, notes),
    updated_at: now.toISOString(),
  });
}

export function csvOf({ rows }: Table): string {
  const lines = rows.map((row) => columns.map((column) => field(textOf(row, column))).join(","));
  return [columns.join(","), ...lines].map((line) => `${line}\n`).join("");
}

function textOf(row: Row, column: (typeof columns)[number]): string | null {
  if (column !== "balance") return row[column];
  const digits = String(Math.abs(row.balance)).padStart(3, "0");
  return `${row.balance < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function field(value: string | null): string {
  if (value === null) return "";
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
