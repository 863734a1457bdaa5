import { escapeIdentifier, type Pool } from "pg";
import type { Counts, Payment, Settings, Tick } from "./payments";

/** What a tick sends, duplicates counted once. Days are those of Asia/Kolkata. */
export interface Sums {
  /** Day → status → number and paise. */
  readonly days: Record<string, Record<string, [number, number]>>;
  /** Day → merchant → number, and paise of those that succeeded. */
  readonly merchants: Record<string, Record<string, [number, number]>>;
  /** What the dead letter says → number. */
  readonly broken: Record<string, number>;
}

export function createSums(): { counts: Counts; sums: Sums } {
  const sums: Sums = { days: {}, merchants: {}, broken: {} };
  const days = new Map<number, string>();
  const counts: Counts = {
    payment: (payment) => {
      const day = dayOf(payment, days);
      add(sums.days, day, payment.status, payment.paise);
      if (payment.merchant) {
        add(sums.merchants, day, payment.merchant, payment.status === "SUCCESS" ? payment.paise : 0);
      }
    },
    broken: (says) => {
      sums.broken[says] = (sums.broken[says] ?? 0) + 1;
    },
  };
  return { counts, sums };
}

function add(into: Sums["days"], day: string, key: string, paise: number): void {
  into[day] ??= {};
  const ofDay = into[day];
  ofDay[key] ??= [0, 0];
  ofDay[key][0]++;
  ofDay[key][1] += paise;
}

/** @param known texts of days by their number, as a tick has few of them */
function dayOf({ time }: Payment, known: Map<number, string>): string {
  const day = Math.floor((time + 19_800_000) / 86_400_000);
  let text = known.get(day);
  if (text === undefined) {
    text = new Date(day * 86_400_000).toISOString().slice(0, 10);
    known.set(day, text);
  }
  return text;
}

/** The newest tick of which it is known that it was to be sent; whether it was, nobody knows. */
export async function lastTick(pool: Pool, table: string): Promise<Tick | undefined> {
  type Row = { run: string; tick: string; first_record: string; records: number; at: Date; settings: Settings };
  const { rows } = await pool.query<Row>(
    `SELECT run, tick, first_record, records, at, settings FROM ${escapeIdentifier(table)} ORDER BY at DESC, tick DESC LIMIT 1`,
  );
  const [row] = rows;
  if (!row) return undefined;
  const { run, records, settings } = row;
  return { run, number: Number(row.tick), first: Number(row.first_record), records, at: row.at.getTime(), settings };
}

/** Written twice, it is there once. */
export async function note(pool: Pool, table: string, tick: Tick, sums: Sums): Promise<void> {
  const { run, number, first, records, at, settings } = tick;
  await pool.query(
    `INSERT INTO ${escapeIdentifier(table)} (run, tick, first_record, records, at, settings, sums)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run, tick) DO NOTHING`,
    [run, number, first, records, new Date(at), JSON.stringify(settings), JSON.stringify(sums)],
  );
}
