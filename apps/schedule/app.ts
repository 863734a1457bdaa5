import { setTimeout as delay } from "node:timers/promises";
import type { ClientConfig } from "pg";
import { Counter, Gauge } from "prom-client";
import { createHttp } from "../lib/http";
import type { Logger } from "../lib/log";
import { createMetrics } from "../lib/metrics";
import { answers, createPool, type PostgresSettings } from "../lib/postgres";
import { untilItWorks } from "../lib/retry";
import type { Shutdown } from "../lib/shutdown";
import { type Troubles, troubled } from "../lib/troubles";
import { lastDue, nextDue } from "./clock";
import type { Env } from "./env";
import { lastSuccess } from "./records";
import { type RunArgs, runOnce } from "./runs";

/** A clock that was set back, or a machine that slept, is noticed within this time. */
const longestSleepMs = 60_000;

/**
 * Runs steps by the clock, one run at a time.
 *
 * Delivery: each run at least once, its steps being safe to repeat; what was missed is made up for by one run, for the last time that it was due. Metrics:
 * `schedule_*`. Failure: a run is tried again with growing pauses; the last failure stands in `/health/ready` until a run succeeds.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const registers = [metrics];
  const runs = new Counter({ name: "schedule_runs_total", help: "Runs that ended", labelNames: ["result"], registers });
  const succeeded = new Gauge({
    name: "schedule_last_success_timestamp_seconds",
    help: "When the last run succeeded",
    registers,
  });
  const took = new Gauge({ name: "schedule_last_run_seconds", help: "How long the last run took", registers });
  const written = new Counter({ name: "schedule_rows_total", help: "Rows written", registers });
  const troubles: Troubles = new Map();
  const pool = createPool(env.APP_NAME, env, log);
  shutdown.onClose("postgres", () => pool.end());
  const checks = { postgres: () => answers(pool), runs: () => troubled(troubles) };
  const http = createHttp({ log, metrics, checks });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());

  const started = new Date();
  const { signal } = shutdown;
  const { APP_NAME: name, SCHEDULE: schedule } = env;
  const dbt = { command: env.DBT_COMMAND.split(" "), projects: env.DBT_PROJECTS };
  const args: RunArgs = { name, schedule, postgres: connectionOf(env), dbt, log, signal };
  /** @returns whether it failed for good */
  const runDue = async (): Promise<boolean> => {
    const due = lastDue(schedule, new Date());
    if (!due) return false;
    // What was declared just now has missed nothing.
    const known = () => lastSuccess(pool, name);
    if (due.at < started && !(await untilItWorks(known, { log, what: "look for runs", troubles, signal })))
      return false;
    const began = Date.now();
    const run = () => runOnce(args, due, false);
    const result = await untilItWorks(run, { log, what: "run", troubles, signal });
    if (!result) return false;
    took.set((Date.now() - began) / 1000);
    runs.inc({ result: result.error ? "failure" : "success" });
    written.inc(result.rows);
    if (result.error) troubles.set("last run", result.error);
    else {
      troubles.delete("last run");
      succeeded.setToCurrentTime();
    }
    return result.error !== undefined;
  };
  const work = async (): Promise<void> => {
    if (env.RUN === "once") {
      const failed = await runDue();
      return failed ? shutdown.fail(new Error("the run failed")) : shutdown.end();
    }
    let failedFor = 0;
    while (!signal.aborted) {
      const due = lastDue(schedule, new Date())?.at.getTime() ?? 0;
      // What failed with all its retries is left for the next time.
      if (due !== failedFor && (await runDue())) failedFor = due;
      const pause = nextDue(schedule, new Date()).getTime() - Date.now();
      await delay(Math.min(Math.max(pause, 1), longestSleepMs), undefined, { signal }).catch(() => undefined);
    }
  };
  log.info({ cron: schedule.cron, timeZone: schedule.timeZone }, "keeping the clock");
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("runs", () => working);
}

function connectionOf({ POSTGRES_URL, PGPASSWORD }: PostgresSettings): ClientConfig {
  const url = new URL(POSTGRES_URL);
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    database: url.pathname.slice(1),
    connectionTimeoutMillis: 5000,
    ...(PGPASSWORD !== undefined && { password: PGPASSWORD }),
  };
}
