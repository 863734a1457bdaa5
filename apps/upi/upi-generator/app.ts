import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Counter } from "prom-client";
import { createHttp } from "../../lib/http";
import { createKafka, createSender } from "../../lib/kafka";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { answers, createPool } from "../../lib/postgres";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import type { Env } from "./env";
import { createSums, lastTick, note } from "./manifest";
import { recordsOf, type Settings, type Tick } from "./payments";
import { dayCurve } from "./people";

/** What was missed is made up for, but no more than this: after a pause there is no flood. */
const backlogMs = 1000;
/** Records of one request: more fill the broker's largest. */
const chunk = 3000;

/**
 * Plays the payment apps of India: payments as they report them, now and then broken, late, or twice.
 *
 * Delivery: what a tick will send is written to the manifest first, and after a crash the last tick is sent again: each record at least once, and none that the
 * manifest does not know. Ordering: as made, a duplicate last in its tick. Metrics: `payments_sent_total`. Failure: while Kafka or Postgres is away it waits.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const sent = new Counter({
    name: "payments_sent_total",
    help: "Records sent, duplicates included",
    registers: [metrics],
  });
  const troubles: Troubles = new Map();
  const pool = createPool(env.APP_NAME, env, log);
  shutdown.onClose("postgres", () => pool.end());
  const checks = { postgres: () => answers(pool), payments: () => troubled(troubles) };
  const http = createHttp({ log, metrics, checks });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());
  const sender = createSender(createKafka(env.APP_NAME, env, log));
  shutdown.onClose("producer", () => sender.disconnect());

  const { signal } = shutdown;
  const retried = <T>(what: string, work: () => Promise<T>) => untilItWorks(work, { log, what, troubles, signal });
  const settings: Settings = {
    seed: env.SEED,
    brokenShare: env.BROKEN_SHARE,
    duplicateShare: env.DUPLICATE_SHARE,
    lateShare: env.LATE_SHARE,
    lateDays: env.LATE_DAYS,
  };

  const send = async (tick: Tick): Promise<void> => {
    const { counts, sums } = createSums();
    const records = recordsOf(tick, counts);
    await retried("write the manifest", () => note(pool, env.WRITES_TABLE, tick, sums));
    for (let from = 0; from < records.length; from += chunk) {
      const messages = records.slice(from, from + chunk);
      await retried("send payments", () => sender.send({ topic: env.WRITES_TOPIC, acks: -1, messages }));
      sent.inc(messages.length);
    }
  };

  const work = async (): Promise<void> => {
    const last = await retried("read the manifest", () => lastTick(pool, env.WRITES_TABLE));
    if (last) await send(last);
    // With other settings it is another run: a tick says by itself how it was made.
    const goesOn = last !== undefined && isDeepStrictEqual(last.settings, settings);
    const run = goesOn ? last.run : Date.now().toString(36).toUpperCase();
    let number = goesOn ? last.number + 1 : 0;
    let first = goesOn ? last.first + last.records : 0;
    const limit = env.MAX_RECORDS ?? Number.POSITIVE_INFINITY;
    const tickMs = env.RATE_PER_SECOND >= 500 ? 100 : 1000;
    /** Records that are due, as a fraction. */
    let due = 1;
    let before = Date.now();
    while (first < limit && !signal.aborted) {
      const at = Date.now();
      const rate = env.RATE_PER_SECOND * (env.DAY_CURVE === "on" ? dayCurve(at) : 1);
      due += (Math.min(at - before, backlogMs) * rate) / 1000;
      before = at;
      const records = Math.min(Math.floor(due), limit - first);
      if (records > 0) {
        await send({ run, number, first, records, at, settings });
        due -= records;
        first += records;
        number++;
      }
      const pause = at + tickMs - Date.now();
      if (pause > 0) await delay(pause, undefined, { signal }).catch(() => undefined);
    }
    if (first >= limit) log.info({ records: first }, "done");
  };
  log.info({ ratePerSecond: env.RATE_PER_SECOND, ...settings }, "sending payments");
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("payments", () => working);
}
