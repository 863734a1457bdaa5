import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CompressionTypes,
  type EachBatchPayload,
  Kafka,
  type KafkaMessage,
  logLevel,
  type Message,
  Partitioners,
  type Producer,
  type ProducerRecord,
  type SASLOptions,
} from "kafkajs";
import type { Logger } from "./log";

/** The one module that knows the Kafka client. */
export type { Kafka, KafkaMessage };

export interface KafkaSettings {
  /** `host:port`, several with commas between. */
  readonly KAFKA_BOOTSTRAP: string;
  /** SASL when set: PLAIN, unless a mechanism is named. */
  readonly KAFKA_USERNAME?: string | undefined;
  readonly KAFKA_PASSWORD?: string | undefined;
  readonly KAFKA_MECHANISM?: "SCRAM-SHA-512" | undefined;
  /** PEM file; TLS when set. */
  readonly KAFKA_CA?: string | undefined;
}

/** For a producer's record. */
export const compressed = { compression: CompressionTypes.GZIP } as const;

/** Where a record came from. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
}

/** @param retries of each request, a second apart at most. Default: as many as it takes, for an app without Kafka has nothing to do but wait */
export function createKafka(
  app: string,
  settings: KafkaSettings,
  log: Logger,
  retries: number = Number.MAX_SAFE_INTEGER,
): Kafka {
  const { KAFKA_BOOTSTRAP, KAFKA_USERNAME: username, KAFKA_PASSWORD: password = "", KAFKA_CA: ca } = settings;
  const mechanism = settings.KAFKA_MECHANISM === "SCRAM-SHA-512" ? "scram-sha-512" : "plain";
  return new Kafka({
    clientId: app,
    brokers: KAFKA_BOOTSTRAP.split(","),
    ...(ca && { ssl: { ca: readFileSync(ca, "utf8") } }),
    ...(username && { sasl: { mechanism, username, password } as SASLOptions }),
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries },
    connectionTimeout: 3000,
    requestTimeout: 15_000,
    logLevel: logLevel.WARN,
    // Its errors are mostly connections that it opens again by itself.
    logCreator:
      () =>
      ({ label, namespace, log: { message, error, broker } }) =>
        log[label === "ERROR" ? "warn" : "debug"]({ kafka: namespace, broker, error }, message),
  });
}

/** For `/health/ready` of an app that holds no connection open. @throws what the client says, at once if it was made with 0 retries */
export async function kafkaAnswers(kafka: Kafka): Promise<undefined> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}

export interface Sender {
  readonly send: (record: ProducerRecord) => Promise<void>;
}

/**
 * A producer whose records are acknowledged by all replicas, each written once even when a send is repeated.
 *
 * After a send that failed for good it starts over as a new producer: the broker may have forgotten the old one, and would refuse its sequence numbers for
 * ever. Whoever repeats the send then may write the record twice.
 */
export function createSender(kafka: Kafka): Sender & { connect(): Promise<void>; disconnect(): Promise<void> } {
  let current: { readonly producer: Producer; readonly connected: Promise<void> } | undefined;
  const open = () => {
    if (current) return current;
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    current = { producer, connected: producer.connect() };
    return current;
  };
  // Does not wait for a connection under way: the broker may never come.
  const disconnect = async () => {
    const old = current;
    current = undefined;
    await old?.producer.disconnect();
  };
  return {
    connect: () => open().connected,
    disconnect,
    send: async (record) => {
      const { producer, connected } = open();
      try {
        await connected;
        await producer.send(record);
      } catch (error) {
        await disconnect();
        throw error;
      }
    },
  };
}

/** Where a record stands. */
export interface Position extends Origin {
  readonly offset: string;
}

/** Broker's default `transaction.max.timeout.ms`: a transaction that takes longer is aborted. */
const longestTransactionMs = 900_000;

export interface Transaction {
  /** @returns where the first of the records stands, of each partition that got any */
  readonly send: (topic: string, messages: readonly Message[]) => Promise<readonly Position[]>;
  /** When it throws, nobody knows: what was committed is told by `isCommitted`, after the id was opened again. */
  readonly commit: () => Promise<void>;
  /** Aborts what was not committed, and closes the connection. */
  readonly close: () => Promise<void>;
}

/**
 * Begins one transaction: all its records become visible to readers of committed records at its commit, or none ever.
 *
 * @param transactionalId whoever begins one with the same id ends what the former one had under way, and the former one can do nothing more
 */
export async function beginTransaction(kafka: Kafka, transactionalId: string): Promise<Transaction> {
  const producer = kafka.producer({
    transactionalId,
    transactionTimeout: longestTransactionMs,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  const disconnect = () => producer.disconnect().catch(() => undefined);
  try {
    // Ends what was under way with this id, and waits for it.
    await producer.connect();
    const transaction = await producer.transaction();
    let begun = false;
    let ended = false;
    return {
      send: async (topic, messages) => {
        begun = true;
        const sent = await transaction.send({ topic, acks: -1, messages: [...messages] });
        return sent.map(({ partition, baseOffset }) => ({ topic, partition, offset: String(baseOffset) }));
      },
      commit: async () => {
        ended = true;
        await transaction.commit();
      },
      close: async () => {
        // What cannot be aborted now is aborted when its id is opened again, or its time is over.
        if (begun && !ended) await transaction.abort().catch(() => undefined);
        await disconnect();
      },
    };
  } catch (error) {
    await disconnect();
    throw error;
  }
}

/**
 * Whether the transaction that wrote the record at a position was committed. To be asked when nothing is under way with its id.
 *
 * @param groupPrefix of consumer groups that this user may join
 * @param isOurs whether the record is the one that was written: what stands there may be another's, should the topic have been made anew
 */
export async function isCommitted(
  kafka: Kafka,
  groupPrefix: string,
  { topic, partition, offset }: Position,
  isOurs: (message: KafkaMessage) => boolean,
): Promise<boolean> {
  const consumer = kafka.consumer({ groupId: `${groupPrefix}${randomUUID()}`, allowAutoTopicCreation: false });
  const wanted = BigInt(offset);
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise<boolean>((resolve, reject) => {
      const { CRASH, END_BATCH_PROCESS, GROUP_JOIN } = consumer.events;
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
      // Aborted records come as batches of none.
      consumer.on(END_BATCH_PROCESS, ({ payload }) => {
        if (payload.partition === partition && BigInt(payload.lastOffset) >= wanted) resolve(false);
      });
      consumer.on(GROUP_JOIN, () => consumer.seek({ topic, partition, offset }));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            if (batch.partition !== partition) return;
            const found = batch.messages.find((message) => BigInt(message.offset) >= wanted);
            if (found) resolve(found.offset === offset && isOurs(found));
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

export interface ConsumeArgs {
  readonly groupId: string;
  readonly topic: string;
  /** A member that was killed holds its partitions this long; not under the broker's `group.min.session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
  /** Records handed over at once, at most. */
  readonly chunk: number;
  /** Partitions worked on at the same time, at most. */
  readonly concurrency: number;
  /** Of one partition in one fetch, at most. Default 1 MiB. */
  readonly maxBytesPerPartition?: number;
  /**
   * Where to go on in a partition, for who keeps its offsets elsewhere than in Kafka: asked whenever partitions were handed out. Offsets are committed
   * nevertheless, so that the group's lag can be seen. What is not there any more is passed over.
   */
  readonly position?: (partition: number) => Promise<string>;
  /**
   * Consecutive records of one partition. When it resolves they are safe, and their offsets are committed; when it throws they come again. The
   * signal comes when the partitions go to another member: nothing is to be waited for then.
   */
  readonly onRecords: (records: readonly KafkaMessage[], origin: Origin, signal: AbortSignal) => Promise<void>;
  /** Records from the last committed one to the end of the partition, as of the last fetch. */
  readonly onLag: (partition: number, lag: number) => void;
  /** It ended, and does not start again by itself. */
  readonly onFatal: (error: Error) => void;
}

export interface Subscription {
  /** What is wrong, for `/health/ready`. */
  readonly state: () => string | undefined;
  /** Takes nothing new in, waits for what is under way and its commit, and leaves the group. */
  readonly stop: () => Promise<void>;
}

/** Fetches are answered within half a second even when there is nothing: such a silence means that the broker is away. */
const silenceMs = 4000;
const fetchWaitMs = 500;

/**
 * Reads a topic as a member of a group, from the earliest record when the group is new.
 *
 * Delivery: at least once; an offset is committed after `onRecords`, never before. Ordering: by partition. Failure: it reconnects and rejoins by itself, and
 * heartbeats go on for as long as `onRecords` takes. Partitions added to the topic are found within 30 s.
 */
export async function consume(kafka: Kafka, args: ConsumeArgs): Promise<Subscription> {
  const { groupId, topic, sessionTimeoutMs } = args;
  const heartbeatInterval = Math.floor(sessionTimeoutMs / 4);
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    // Work under way is given up as soon as a heartbeat tells of a rebalance, so nobody has to wait longer than this.
    rebalanceTimeout: Math.max(6000, sessionTimeoutMs),
    heartbeatInterval,
    maxWaitTimeInMs: fetchWaitMs,
    metadataMaxAge: 30_000,
    allowAutoTopicCreation: false,
    ...(args.maxBytesPerPartition && {
      maxBytesPerPartition: args.maxBytesPerPartition,
      maxBytes: args.maxBytesPerPartition * args.concurrency,
    }),
  });
  /** Partitions whose position was asked for since they were handed out. */
  const placed = new Set<number>();
  let joined = false;
  let lastSign = 0;
  const { GROUP_JOIN, HEARTBEAT, FETCH, REBALANCING, STOP, CRASH, END_BATCH_PROCESS } = consumer.events;
  const sign = () => {
    lastSign = Date.now();
  };
  const left = () => {
    joined = false;
  };
  consumer.on(GROUP_JOIN, () => {
    placed.clear();
    joined = true;
    sign();
  });
  consumer.on(HEARTBEAT, sign);
  consumer.on(FETCH, sign);
  consumer.on(REBALANCING, left);
  consumer.on(STOP, left);
  consumer.on(CRASH, ({ payload }) => {
    left();
    if (!payload.restart) args.onFatal(payload.error);
  });
  // Aborted records and the marks of transactions come alone at times, and are skipped without a commit: it would look like a lag. Should this commit
  // be late and overtaken, the worst is that records come twice after a restart.
  consumer.on(END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize > 0) return;
    const offset = next(payload.lastOffset);
    consumer.commitOffsets([{ topic, partition: payload.partition, offset }]).catch(() => undefined);
    args.onLag(payload.partition, lagOf(payload.highWatermark, offset));
  });

  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: false,
    autoCommit: false,
    partitionsConsumedConcurrently: args.concurrency,
    eachBatch: async (payload) => {
      const { partition } = payload.batch;
      if (args.position && !placed.has(partition)) {
        const offset = await args.position(partition);
        placed.add(partition);
        if (payload.batch.firstOffset() !== offset) return consumer.seek({ topic, partition, offset });
      }
      await inChunks(payload, args, heartbeatInterval);
    },
  });
  return {
    state: () => {
      if (!joined) return "not in its consumer group";
      const silence = Date.now() - lastSign;
      return silence > silenceMs ? `no answer for ${Math.round(silence / 1000)} s` : undefined;
    },
    stop: () => consumer.disconnect(),
  };
}

const next = (offset: string) => String(BigInt(offset) + 1n);
const lagOf = (highWatermark: string, position: string) => Number(BigInt(highWatermark) - BigInt(position));

/** One fetched batch, chunk by chunk: work, then commit, then the next. */
export async function inChunks(payload: EachBatchPayload, args: ConsumeArgs, heartbeatInterval: number): Promise<void> {
  const { batch, heartbeat, isRunning, isStale } = payload;
  const origin = { topic: batch.topic, partition: batch.partition };
  for (let from = 0; from < batch.messages.length && isRunning() && !isStale(); from += args.chunk) {
    const records = batch.messages.slice(from, from + args.chunk);
    const last = (records.at(-1) as KafkaMessage).offset;
    await beating(heartbeat, heartbeatInterval, (signal) => args.onRecords(records, origin, signal));
    // Behind the last record of a batch there may be marks of transactions, which nobody else commits.
    const offset = next(from + args.chunk < batch.messages.length ? last : batch.lastOffset());
    // Not `consumer.commitOffsets`: that does nothing once the consumer is stopping, and it waits for a rebalance that waits for us.
    await payload.commitOffsetsIfNecessary({
      topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, offset }] }],
    });
    payload.resolveOffset(last);
    args.onLag(batch.partition, lagOf(batch.highWatermark, offset));
    await heartbeat();
  }
}

const membershipLost = new Set(["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID"]);

/** Does the work with heartbeats beside it. @throws the heartbeat's error when it says that the partitions are no longer ours */
async function beating(
  heartbeat: () => Promise<void>,
  everyMs: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController();
  const timer = setInterval(() => {
    heartbeat().catch((error: Error & { type?: string }) => {
      if (membershipLost.has(error.type ?? "")) lost.abort(error);
    });
  }, everyMs);
  try {
    await work(lost.signal);
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}
