import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";
import type { ChangeEvent } from "../change";
import type { ParquetFolder } from "./parquet";

/** Changes of one row group: a reader holds one in memory. */
const groupSize = 20_000;
/** Of the time, this share at most is spent on writing the same file again. */
const share = 0.1;

/** All changes of a table in the order in which they became valid, read from Postgres piece by piece. */
export async function* changesOf(
  pool: Pool,
  company: string,
  table: string,
  size = groupSize,
): AsyncGenerator<ChangeEvent[]> {
  let [time, key] = ["-infinity", ""];
  for (;;) {
    const { rows } = await pool.query(
      `SELECT event_id::text, company_id, table_name, row_key, version, file_id, operation, changed_columns, before, after,
              to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed_at
       FROM cdc_events WHERE company_id = $1 AND table_name = $2 AND (changed_at, row_key) > ($3::timestamptz, $4)
       ORDER BY changed_at, row_key LIMIT $5`,
      [company, table, time, key, size],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < size) return;
    const last = rows.at(-1) as ChangeEvent;
    [time, key] = [last.changed_at, last.row_key];
  }
}

export interface Compactor {
  /** Notes that a table has changed. */
  readonly changed: (company: string, table: string) => void;
  /** Works until the signal comes. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface CompactorArgs {
  readonly pool: Pool;
  readonly folder: ParquetFolder;
  readonly afterMs: number;
  readonly onDone: (company: string, table: string, seconds: number) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Keeps one file of all changes for each table. It follows behind: a change is in it after `afterMs`, or ten times as long as writing the file takes. */
export function createCompactor({ pool, folder, afterMs, onDone, onFailed }: CompactorArgs): Compactor {
  /** When a table's file is to be written, epoch ms. */
  const due = new Map<string, number>();
  const lastMs = new Map<string, number>();
  return {
    changed: (company, table) => {
      const name = `${company}/${table}`;
      if (!due.has(name)) due.set(name, Date.now() + Math.max(afterMs, (lastMs.get(name) ?? 0) / share));
    },
    run: async (signal) => {
      while (!signal.aborted) {
        const now = Date.now();
        const [next] = [...due].filter(([, at]) => at <= now);
        if (!next) {
          await delay(Math.min(1000, Math.max(10, afterMs)), undefined, { signal }).catch(() => undefined);
          continue;
        }
        const [company = "", table = ""] = next[0].split("/");
        due.delete(next[0]);
        try {
          await folder.compact(company, table, changesOf(pool, company, table));
          lastMs.set(next[0], Date.now() - now);
          onDone(company, table, (Date.now() - now) / 1000);
        } catch (error) {
          onFailed(error);
          due.set(next[0], Date.now() + Math.max(1000, afterMs));
        }
      }
    },
  };
}
