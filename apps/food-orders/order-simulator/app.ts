import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";
import { Counter } from "prom-client";
import { createHttp } from "../../lib/http";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { answers, createPool } from "../../lib/postgres";
import { seeded } from "../../lib/random";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import type { Env } from "./env";
import { nextOrder, type Order } from "./orders";

/** Orders of one transaction, at most: what was missed is made up for, but there is no flood. */
const mostAtOnce = 100;
/** Between two transactions, so that a high rate does not mean as many transactions. */
const pauseMs = 100;
const tidyEveryMs = 60_000;

/**
 * Plays the shop's order system: orders come in, a few of them faulty, and old ones are deleted in the end.
 *
 * Delivery: a transaction whose end is not known is made again, with new ids: more orders, none of them half. Ordering: as made. Metrics: `orders_total`.
 * Failure: while Postgres is away it waits, and `/health/ready` says so.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const made = new Counter({ name: "orders_total", help: "Orders made", registers: [metrics] });
  const troubles: Troubles = new Map();
  const pool = createPool(env.APP_NAME, env, log);
  shutdown.onClose("postgres", () => pool.end());
  const checks = { postgres: () => answers(pool), orders: () => troubled(troubles) };
  const http = createHttp({ log, metrics, checks });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());

  const { signal } = shutdown;
  const random = seeded(env.SEED);
  const retried = (what: string, work: () => Promise<unknown>) => untilItWorks(work, { log, what, troubles, signal });
  const work = async (): Promise<void> => {
    let tidyAt = Date.now() + tidyEveryMs;
    let [owed, at] = [1, Date.now()];
    while (!signal.aborted) {
      owed = Math.min(mostAtOnce, owed + ((Date.now() - at) / 1000) * env.ORDERS_PER_SECOND);
      at = Date.now();
      const orders = Array.from({ length: Math.floor(owed) }, () => nextOrder(random));
      owed -= orders.length;
      if (orders.length > 0) await retried("write orders", () => write(pool, orders));
      made.inc(orders.length);
      if (Date.now() > tidyAt) {
        await retried("delete old orders", () =>
          pool.query("DELETE FROM food_orders WHERE created_at < now() - make_interval(hours => $1)", [env.KEEP_HOURS]),
        );
        tidyAt = Date.now() + tidyEveryMs;
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  };
  log.info({ ordersPerSecond: env.ORDERS_PER_SECOND, seed: env.SEED }, "taking orders");
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("orders", () => working);
}

const write = (pool: Pool, orders: readonly Order[]) =>
  pool.query(
    `INSERT INTO food_orders (customer_name, restaurant_name, item, amount, order_status)
     SELECT * FROM jsonb_to_recordset($1) AS t (customer_name text, restaurant_name text, item text, amount numeric, order_status text)`,
    [JSON.stringify(orders)],
  );
