import { Counter, Gauge, Histogram } from "prom-client";
import { toDeadLetter } from "../lib/dead-letter";
import { isDataError, isOutside } from "../lib/errors";
import { createHttp } from "../lib/http";
import { type ConsumeArgs, consume, createKafka, createSender, type Subscription } from "../lib/kafka";
import type { Logger } from "../lib/log";
import { createMetrics } from "../lib/metrics";
import { answers, createPool } from "../lib/postgres";
import { registryAnswers } from "../lib/registry";
import { untilItWorks } from "../lib/retry";
import type { Shutdown } from "../lib/shutdown";
import { type Troubles, troubled } from "../lib/troubles";
import { loadBatch } from "./batch";
import { createReader } from "./decode";
import type { Env } from "./env";
import { load, type Place, positionOf } from "./load";
import { readTarget } from "./target";

/** Partitions worked on at the same time, each with a connection of its own. */
const concurrency = 3;
/** Of one partition in one fetch: some 15 000 records of 250 bytes. */
const fetchBytes = 4 * 1024 * 1024;

/**
 * Copies a topic into a table.
 *
 * Delivery: exactly once: rows and the offset behind them are one transaction, and after a restart it goes on from the offset in Postgres. Dead letters: at
 * least once. Ordering: by partition. Metrics: `loader_*`. Failure: a record that cannot be used goes to the dead letter, alone, unless the table keeps records
 * as they came; while Kafka, the registry or Postgres is away it waits, for ever, and `/health/ready` says for what.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const registers = [metrics];
  const loaded = new Counter({ name: "loader_records_loaded_total", help: "Records stored", registers });
  const rejected = new Counter({
    name: "loader_records_rejected_total",
    help: "Records in the dead letter",
    registers,
  });
  const lag = new Gauge({
    name: "loader_lag_records",
    help: "Records of the topic not yet stored, as of the last fetch",
    labelNames: ["partition"],
    registers,
  });
  const latency = new Histogram({
    name: "loader_latency_seconds",
    help: "From the record's time to its row, of the oldest record of each batch",
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30, 300],
    registers,
  });
  const troubles: Troubles = new Map();
  let subscription: Subscription | undefined;
  const { signal } = shutdown;
  const retried = <T>(what: string, work: () => Promise<T>, until = signal) =>
    untilItWorks(work, { log, what, troubles, signal: until });

  const kafka = createKafka(env.APP_NAME, env, log);
  const pool = createPool(env.APP_NAME, env, log, concurrency + 1);
  shutdown.onClose("postgres", () => pool.end());
  const checks = {
    kafka: () => (subscription ? subscription.state() : "not connected yet"),
    registry: () => registryAnswers(env.REGISTRY_URL),
    postgres: () => answers(pool),
    records: () => troubled(troubles),
  };
  const http = createHttp({ log, metrics, checks });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());
  const sender = createSender(kafka);
  shutdown.onClose("producer", () => sender.disconnect());

  const reader = await retried("read the schema", () => createReader(env.REGISTRY_URL, env.READS_TOPIC));
  const target = await retried("look at the table", () => readTarget(pool, env.WRITES_TABLE, reader.fields));
  const placeOf = (partition: number): Place => ({
    loader: env.APP_NAME,
    topic: env.READS_TOPIC,
    partition,
    offsets: env.OFFSETS_TABLE,
  });

  const onRecords: ConsumeArgs["onRecords"] = async (records, origin, lost) => {
    const until = AbortSignal.any([lost, signal]);
    const place = placeOf(origin.partition);
    try {
      const result = await loadBatch(records, {
        target,
        origin,
        decode: reader.decode,
        load: (entries, next) => retried("load rows", () => load(pool, target, place, entries, next), until),
        reject: (message, reason) => {
          log.warn({ ...origin, offset: message.offset, reason }, "a record goes to the dead letter");
          const work = () => toDeadLetter(sender, env.REJECTS_TOPIC, origin, message, reason);
          return retried("write to the dead letter", work, until);
        },
      });
      loaded.inc(result.loaded);
      rejected.inc(result.rejected);
      latency.observe(Math.max(0, (Date.now() - Number(records[0]?.timestamp)) / 1000));
    } catch (error) {
      if (!isOutside(error) && !isDataError(error)) shutdown.fail(error);
      throw error;
    }
  };
  subscription = await consume(kafka, {
    groupId: env.APP_NAME,
    topic: env.READS_TOPIC,
    sessionTimeoutMs: env.SESSION_TIMEOUT_MS,
    chunk: env.BATCH_RECORDS,
    concurrency,
    maxBytesPerPartition: fetchBytes,
    position: (partition) => retried("look for the offset", () => positionOf(pool, placeOf(partition))),
    onRecords,
    onLag: (partition, records) => lag.set({ partition: String(partition) }, records),
    onFatal: shutdown.fail,
  });
  shutdown.onClose("consumer", subscription.stop);
  const mode = target.primaryKey.length > 0 ? "upsert" : "append";
  log.info({ reads: env.READS_TOPIC, writes: env.WRITES_TABLE, mode }, "loading");
}
