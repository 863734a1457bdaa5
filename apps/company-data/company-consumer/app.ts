import { toDeadLetter } from "../../lib/dead-letter";
import { isDataError, isOutside } from "../../lib/errors";
import { createHttp } from "../../lib/http";
import { type ConsumeArgs, consume, createKafka, createSender, type Subscription } from "../../lib/kafka";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { answers, createPool } from "../../lib/postgres";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import { storeBatch } from "./batch";
import { createCompactor } from "./compact";
import type { Env } from "./env";
import { createChangeMetrics } from "./metrics";
import { ParquetFolder } from "./parquet";
import { storeChanges } from "./store";

/** Changes of one transaction. */
const chunk = 500;
/** Partitions worked on at the same time, each with a connection of its own. */
const concurrency = 3;

/**
 * Keeps every change for good, the history that follows from them, and a Parquet file of each.
 *
 * Delivery: at least once into tables keyed by what happened, so each change once; offsets are committed after rows and files. Ordering: by row.
 * Metrics: `changes_*`, `compaction_seconds`. Failure: a record that cannot be used goes to the dead letter, alone; while Kafka, Postgres or the disk is
 * away it waits, for ever, and `/health/ready` says for what.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const counted = createChangeMetrics(metrics);
  const troubles: Troubles = new Map();
  const kafka = createKafka(env.APP_NAME, env, log);
  let subscription: Subscription | undefined;

  // One more for the compaction, and one for health.
  const pool = createPool(env.APP_NAME, env, log, concurrency + 2);
  shutdown.onClose("postgres", () => pool.end());
  const folder = new ParquetFolder(env.PARQUET_DIR);
  await folder.begin();
  const http = createHttp({
    log,
    metrics,
    checks: {
      kafka: () => (subscription ? subscription.state() : "not connected yet"),
      postgres: () => answers(pool),
      records: () => troubled(troubles),
    },
  });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());

  const compactor = createCompactor({
    pool,
    folder,
    afterMs: env.COMPACT_AFTER_MS,
    onDone: (_company, _table, seconds) => counted.compacted(seconds),
    onFailed: (error) => log.warn({ error: (error as Error).message }, "could not compact, will be tried again"),
  });
  const compacting = compactor.run(shutdown.signal);
  shutdown.onClose("compaction", () => compacting);

  const sender = createSender(kafka);
  shutdown.onClose("producer", () => sender.disconnect());
  await sender.connect();

  const onRecords: ConsumeArgs["onRecords"] = async (records, origin, lost) => {
    const signal = AbortSignal.any([lost, shutdown.signal]);
    const retried = <T>(what: string, work: () => Promise<T>, canRetry = isOutside) =>
      untilItWorks(work, { log, what, troubles, signal, canRetry });
    try {
      const result = await storeBatch(records, {
        store: (events) => retried("store changes", () => storeChanges(pool, events)),
        reject: (message, reason) => {
          log.warn({ ...origin, offset: message.offset, reason }, "a record goes to the dead letter");
          return retried("write to the dead letter", () =>
            toDeadLetter(sender, env.REJECTS_TOPIC, origin, message, reason),
          );
        },
      });
      await retried("write Parquet files", () => folder.writeChanges(result.stored), isDisk);
      for (const { event } of result.stored) compactor.changed(event.company_id, event.table_name);
      counted.batch(records.length, result);
    } catch (error) {
      if (!isOutside(error) && !isDataError(error) && !isDisk(error)) shutdown.fail(error);
      throw error;
    }
  };
  subscription = await consume(kafka, {
    groupId: env.APP_NAME,
    topic: env.READS_TOPIC,
    sessionTimeoutMs: env.SESSION_TIMEOUT_MS,
    chunk,
    concurrency,
    onRecords,
    onLag: counted.lag,
    onFatal: shutdown.fail,
  });
  shutdown.onClose("consumer", subscription.stop);
  log.info({ reads: env.READS_TOPIC, writes: env.WRITES_TABLE, folder: env.PARQUET_DIR }, "consuming");
}

/** The disk is full or away; it comes back. */
const isDisk = (error: unknown): boolean =>
  /^(ENOSPC|EDQUOT|EIO|EROFS|EMFILE|ENFILE|EACCES|ESTALE)$/.test(String((error as NodeJS.ErrnoException).code));
