import { setTimeout as delay } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";
import type { SchedulePlan } from "../../infra/plan/types";
import type { Logger } from "../lib/log";
import type { Due } from "./clock";
import { begin, closeInterrupted, end, lastSuccess } from "./records";
import { perform } from "./steps";

export interface RunArgs {
  readonly name: string;
  readonly schedule: SchedulePlan;
  /** How to connect as the schedule's role. */
  readonly postgres: ClientConfig;
  readonly dbt: {
    /** Program and its first arguments. */
    readonly command: readonly string[];
    /** Folder of the projects. */
    readonly projects: string;
  };
  readonly log: Logger;
  readonly signal: AbortSignal;
}
export interface Result {
  readonly rows: number;
  readonly attempts: number;
  /** Of the last attempt; absent when it succeeded. */
  readonly error?: string;
}

/** Rows of a transaction that began before a run and ended behind it are seen by the next. */
const underWayMs = 600_000;

/**
 * Runs a schedule for one day, with its retries, each attempt recorded. Whoever else runs it waits until this one ended.
 *
 * @param backfill for that day alone, and not for what came late since the last run
 * @returns undefined when the same run, by the clock, had been done by someone else
 */
export async function runOnce(args: RunArgs, due: Due, backfill: boolean): Promise<Result | undefined> {
  return alone(args, async (client) => {
    const { name, schedule, log, signal } = args;
    await closeInterrupted(client, name);
    const last = await lastSuccess(client, name);
    if (!backfill && last && last.dueAt >= due.at) return undefined;
    const since = backfill
      ? "infinity"
      : last
        ? new Date(last.startedAt.getTime() - underWayMs).toISOString()
        : "-infinity";
    for (let attempt = 1; ; attempt++) {
      const id = await begin(client, name, due, attempt, backfill);
      try {
        const rows = await perform(args, due, since);
        await end(client, id, rows, null);
        log.info({ day: due.day, attempt, rows }, "a run succeeded");
        return { rows, attempts: attempt };
      } catch (error) {
        const message = (error as Error).message;
        await end(client, id, null, message);
        log.error({ day: due.day, attempt, of: schedule.attempts, error: message }, "a run failed");
        if (attempt >= schedule.attempts || signal.aborted) return { rows: 0, attempts: attempt, error: message };
        await delay(schedule.backoffMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return { rows: 0, attempts: attempt, error: message };
      }
    }
  });
}

/** A lock of the session, which goes with the connection: a process that was killed holds nobody up. */
async function alone<T>(args: RunArgs, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...args.postgres, application_name: args.name, keepAlive: true });
  // A connection that breaks fails its next query.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock(hashtext('millrace schedule'), hashtext($1))", [args.name]);
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
