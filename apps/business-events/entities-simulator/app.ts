import { setTimeout as delay } from "node:timers/promises";
import { Counter } from "prom-client";
import { isDataError, isOutside } from "../../lib/errors";
import { createHttp } from "../../lib/http";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { answers, createPool } from "../../lib/postgres";
import { seeded } from "../../lib/random";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import type { Env } from "./env";
import { commit, readWorld } from "./store";
import { nextTransaction, type World } from "./world";

/** What was missed is made up for, but no more than this: after a pause there is no flood. */
const backlogMs = 1000;

/**
 * Plays the teams that own database `entities`: cars come in, are bought on loan, and serviced.
 *
 * Delivery: each transaction once, or not at all; which of the two, after a broken connection, it reads from the tables. Ordering: as made.
 * Metrics: `changes_total`. Failure: while Postgres is away it waits, and `/health/ready` says so.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const changes = new Counter({ name: "changes_total", help: "Rows changed", registers: [metrics] });
  const troubles: Troubles = new Map();
  const pool = createPool(env.APP_NAME, env, log);
  shutdown.onClose("postgres", () => pool.end());
  const checks = { postgres: () => answers(pool), changes: () => troubled(troubles) };
  const http = createHttp({ log, metrics, checks });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());

  const { signal } = shutdown;
  // Another simulator on the same tables takes ids that we thought were free: then, too, the tables say how to go on.
  const canRetry = (error: unknown) => isOutside(error) || isDataError(error);
  const random = seeded(env.SEED);
  let world: World | undefined;
  let left = env.MAX_CHANGES ?? Number.POSITIVE_INFINITY;
  const change = async (): Promise<number> => {
    world ??= await readWorld(pool);
    const transaction = nextTransaction(world, random, left);
    try {
      await commit(pool, transaction);
    } catch (error) {
      world = undefined;
      throw error;
    }
    return transaction.length;
  };
  const work = async (): Promise<void> => {
    /** When the next transaction is due, epoch ms. */
    let due = Date.now();
    while (left > 0 && !signal.aborted) {
      const count = await untilItWorks(change, { log, what: "change rows", troubles, signal, canRetry });
      changes.inc(count);
      left -= count;
      due = Math.max(due, Date.now() - backlogMs) + (count * 1000) / env.CHANGES_PER_SECOND;
      // A timer is a millisecond late: what is due sooner is done now.
      if (due - Date.now() >= 1) await delay(due - Date.now(), undefined, { signal }).catch(() => undefined);
    }
    if (left <= 0) log.info({ changes: env.MAX_CHANGES }, "done");
  };
  log.info({ changesPerSecond: env.CHANGES_PER_SECOND, seed: env.SEED }, "changing rows");
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("changes", () => working);
}
