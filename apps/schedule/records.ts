import type { ClientBase, Pool } from "pg";
import type { Due } from "./clock";

/** A line of the table `schedule_runs`. */
export interface RunRecord {
  readonly due_at: Date;
  readonly day: string;
  readonly backfill: boolean;
  readonly attempt: number;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly rows: string | null;
  readonly error: string | null;
}

export async function begin(
  client: ClientBase,
  schedule: string,
  due: Due,
  attempt: number,
  backfill: boolean,
): Promise<string> {
  const { rows } = await client.query(
    "INSERT INTO schedule_runs (schedule, due_at, day, backfill, attempt) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    [schedule, due.at, due.day, backfill, attempt],
  );
  return rows[0].id;
}

export async function end(client: ClientBase, id: string, rows: number | null, error: string | null): Promise<void> {
  await client.query("UPDATE schedule_runs SET ended_at = clock_timestamp(), rows = $2, error = $3 WHERE id = $1", [
    id,
    rows,
    error?.slice(0, 4000) ?? null,
  ]);
}

/** Runs that were under way when their process was killed: nobody else runs while the lock is ours. */
export async function closeInterrupted(client: ClientBase, schedule: string): Promise<void> {
  await client.query(
    "UPDATE schedule_runs SET ended_at = clock_timestamp(), error = 'interrupted' WHERE schedule = $1 AND ended_at IS NULL",
    [schedule],
  );
}

/** Of the last run that succeeded by the clock: when it was due, and when it began. */
export async function lastSuccess(
  client: ClientBase | Pool,
  schedule: string,
): Promise<{ dueAt: Date; startedAt: Date } | undefined> {
  const { rows } = await client.query(
    `SELECT due_at AS "dueAt", started_at AS "startedAt" FROM schedule_runs
     WHERE schedule = $1 AND NOT backfill AND ended_at IS NOT NULL AND error IS NULL ORDER BY due_at DESC, id DESC LIMIT 1`,
    [schedule],
  );
  return rows[0];
}

/** The newest first. */
export async function history(client: ClientBase, schedule: string, limit: number): Promise<RunRecord[]> {
  const { rows } = await client.query(
    `SELECT due_at, day::text, backfill, attempt, started_at, ended_at, rows, error FROM schedule_runs
     WHERE schedule = $1 ORDER BY id DESC LIMIT $2`,
    [schedule, limit],
  );
  return rows;
}
