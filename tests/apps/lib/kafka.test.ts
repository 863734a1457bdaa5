import type { EachBatchPayload, Producer } from "kafkajs";
import { type ConsumeArgs, createSender, inChunks, type Kafka } from "../../../apps/lib/kafka";

/** A batch as the client hands it over; what it is told is written down in order. */
function batch(offsets: readonly number[], lastOffset: number = offsets.at(-1) ?? 0) {
  const told: string[] = [];
  const state = { running: true, heartbeat: async (): Promise<void> => undefined };
  const payload = {
    batch: {
      topic: "things",
      partition: 1,
      highWatermark: String(lastOffset + 1),
      messages: offsets.map((offset) => ({ offset: String(offset) })),
      lastOffset: () => String(lastOffset),
    },
    heartbeat: () => state.heartbeat(),
    isRunning: () => state.running,
    isStale: () => false,
    resolveOffset: (offset: string) => told.push(`resolved ${offset}`),
    commitOffsetsIfNecessary: async ({ topics }: { topics: { partitions: { offset: string }[] }[] }) =>
      void told.push(`committed ${topics[0]?.partitions[0]?.offset}`),
  } as unknown as EachBatchPayload;
  return { payload, told, state };
}

const args = (told: string[], rest: Partial<ConsumeArgs> = {}): ConsumeArgs => ({
  groupId: "group",
  topic: "things",
  sessionTimeoutMs: 3000,
  chunk: 2,
  concurrency: 1,
  onRecords: async (records) => void told.push(`stored ${records.map(({ offset }) => offset)}`),
  onLag: (partition, lag) => told.push(`lag of ${partition}: ${lag}`),
  onFatal: () => undefined,
  ...rest,
});

test("each chunk is stored, then committed, then the next", async () => {
  const { payload, told } = batch([4, 5, 6]);
  await inChunks(payload, args(told), 1000);
  expect(told).toEqual([
    "stored 4,5",
    "committed 6",
    "resolved 5",
    "lag of 1: 1",
    "stored 6",
    "committed 7",
    "resolved 6",
    "lag of 1: 0",
  ]);
});

test("marks of transactions behind the last record are committed with it", async () => {
  const { payload, told } = batch([4], 5);
  await inChunks(payload, args(told), 1000);
  expect(told).toEqual(["stored 4", "committed 6", "resolved 4", "lag of 1: 0"]);
});

test("what was not stored is not committed, and comes again", async () => {
  const { payload, told } = batch([1, 2, 3]);
  const away = new Error("away");
  const onRecords = async () => {
    throw away;
  };
  await expect(inChunks(payload, args(told, { onRecords }), 1000)).rejects.toBe(away);
  expect(told).toEqual([]);
});

test("on the way out the chunk under way is finished and committed, and no other begun", async () => {
  const { payload, told, state } = batch([1, 2, 3, 4]);
  const onRecords: ConsumeArgs["onRecords"] = async (records) => {
    state.running = false;
    told.push(`stored ${records.map(({ offset }) => offset)}`);
  };
  await inChunks(payload, args(told, { onRecords }), 1000);
  expect(told).toEqual(["stored 1,2", "committed 3", "resolved 2", "lag of 1: 2"]);
});

test("while it waits, heartbeats go on; when one says that the partition is lost, the waiting ends without a commit", async () => {
  const { payload, told, state } = batch([1]);
  const lost = Object.assign(new Error("rebalance"), { type: "REBALANCE_IN_PROGRESS" });
  let beats = 0;
  state.heartbeat = async () => {
    beats++;
    // A broker that is away is no reason to stop: only a lost partition is.
    if (beats < 3) throw new Error("connection lost");
    throw lost;
  };
  const onRecords: ConsumeArgs["onRecords"] = (_, __, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));
  await expect(inChunks(payload, args(told, { onRecords }), 5)).rejects.toBe(lost);
  expect([beats, told]).toEqual([3, []]);
});

test("a producer that failed for good is replaced by a new one", async () => {
  const made: string[] = [];
  const kafka = {
    producer: () => {
      const name = `producer ${made.filter((line) => line.includes("made")).length + 1}`;
      made.push(`${name} made`);
      const producer: Partial<Producer> = {
        connect: async () => void made.push(`${name} connected`),
        disconnect: async () => void made.push(`${name} gone`),
        send: async () => {
          if (name === "producer 1") throw new Error("out of order sequence");
          made.push(`${name} sent`);
          return [];
        },
      };
      return producer;
    },
  } as unknown as Kafka;
  const sender = createSender(kafka);
  await sender.connect();
  await expect(sender.send({ topic: "t", messages: [] })).rejects.toThrow("out of order");
  await sender.send({ topic: "t", messages: [] });
  await sender.disconnect();
  expect(made.map((line) => line.replace("producer ", ""))).toEqual([
    "1 made",
    "1 connected",
    "1 gone",
    "2 made",
    "2 connected",
    "2 sent",
    "2 gone",
  ]);
});
