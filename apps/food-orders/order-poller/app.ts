import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { createHttp } from "../../lib/http";
import { compressed, createKafka, createSender, type Sender } from "../../lib/kafka";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { answers, createPool } from "../../lib/postgres";
import { type RetryArgs, untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import { createSourceClock } from "./clock";
import type { Env } from "./env";
import { look } from "./look";
import { createPollerMetrics } from "./metrics";
import type { Progress, Row } from "./progress";
import { readSettings } from "./settings";
import { openSource } from "./source";
import { readProgress, saveProgress, stateFile } from "./state-file";

/** Of one send; a topic takes a megabyte at once. */
const sendBytes = 700_000;

/**
 * Publishes the rows of a table that offers nothing but SELECT, each soon after it turns up.
 *
 * Delivery: at least once, and once unless the poller is killed between Kafka's acknowledgement and the saved cursor; rows that become visible within
 * `overlap` of their time are never missed. What is changed or deleted later is not seen. Ordering: by time and key, but for rows that turn up late.
 * Metrics: `poller_*`. Failure: while the source or Kafka is away it waits, for ever, with growing pauses, and `/health/ready` says for what; with a
 * cursor that cannot be used it does not start.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const settings = readSettings(env.SETTINGS_YAML, "order-poller.yaml");
  const pollIntervalMs = env.POLL_INTERVAL_MS ?? settings.pollInterval;
  const file = stateFile(env.STATE_FOLDER);
  const subject = { table: env.READS_TABLE, topic: env.WRITES_TOPIC };
  let progress = readProgress(file, subject);

  const metrics = createMetrics(env.APP_NAME);
  const counted = createPollerMetrics(metrics);
  const troubles: Troubles = new Map();
  const pool = createPool(env.APP_NAME, env, log);
  shutdown.onClose("postgres", () => pool.end());
  const checks = { postgres: () => answers(pool), rows: () => troubled(troubles) };
  const http = createHttp({ log, metrics, checks });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());
  const sender = createSender(createKafka(env.APP_NAME, env, log));
  shutdown.onClose("producer", () => sender.disconnect());

  const { signal } = shutdown;
  const retried = <T>(what: string, work: () => Promise<T>, more: Partial<RetryArgs> = {}) =>
    untilItWorks(work, { log, what, troubles, signal, ...more });
  const ofSource = { pauses: { firstMs: settings.retry.first, longestMs: settings.retry.longest } };

  const work = async (): Promise<void> => {
    await sender.connect();
    const clock = createSourceClock(settings.overlap);
    const source = await retried(
      "look at the table",
      () => openSource(pool, subject.table, settings, (now) => clock(now, performance.now())),
      ofSource,
    );
    for (const warning of source.warnings) log.warn({ warning }, "polling is slow");
    const save = async (next: Progress) => {
      await retried("save the cursor", () => saveProgress(file, subject, next), { canRetry: () => true });
      progress = next;
      counted.progress(next);
    };
    log.info({ ...subject, from: progress.cursor ?? "the first row", ...settings, pollIntervalMs }, "polling");
    while (!signal.aborted) {
      progress = await look(progress, {
        signal,
        save,
        read: async (from) => {
          const page = await retried("read rows", () => source.read(from), ofSource);
          counted.read(page.rows.length);
          return page;
        },
        publish: async (rows) => {
          for (const part of parts(rows)) await retried("publish rows", () => send(sender, subject.topic, part));
          counted.published(rows, progress);
        },
      });
      counted.looked();
      counted.progress(progress);
      await delay(pollIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("polling", () => working);
}

/** In order, each small enough to be sent at once, unless a single row is larger than that. */
function parts(rows: readonly Row[]): Row[][] {
  const all: Row[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const size = Buffer.byteLength(row.value) + 100;
    if (bytes + size > sendBytes) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(row);
    bytes += size;
  }
  return all;
}

const send = (sender: Sender, topic: string, rows: readonly Row[]) =>
  sender.send({
    topic,
    acks: -1,
    ...(rows.length === 1 && compressed),
    messages: rows.map(({ key, value }) => ({ key, value })),
  });
