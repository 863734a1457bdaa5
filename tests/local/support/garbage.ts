import { randomBytes } from "node:crypto";
import { Type } from "avsc";
import { CompressionTypes, type IHeaders, Kafka, logLevel } from "kafkajs";
import { latestSchema } from "../../../apps/lib/registry";
import { eventually, outputs } from "./stack";

/** What somebody with the rights may put into a topic, by accident or not. */
export interface Garbage {
  readonly kind: string;
  readonly value: Buffer | null;
  readonly key?: Buffer;
  /** Of its dead letter. */
  readonly reason: RegExp;
}
export interface Placed extends Garbage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}
export interface Letter {
  readonly value: Buffer | null;
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export const kafkaAs = (username: string, password: string) =>
  new Kafka({
    brokers: [outputs().kafka],
    sasl: { mechanism: "plain", username, password },
    logLevel: logLevel.NOTHING,
    retry: { retries: 2 },
  });
const admin = () => kafkaAs("admin", outputs().kafkaAdminPassword);

const framed = (id: number, body: Buffer) => {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, body]);
};

/** Avro's number of any size: small ones in a byte, 2⁶⁰ in nine. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A record that fits the newest schema of the topic, and means nothing. */
async function meaningless(topic: string): Promise<{ id: number; value: Buffer }> {
  const { id, schema } = await latestSchema(outputs().schemaRegistry, `${topic}-value`);
  const type = Type.forSchema(JSON.parse(schema), { wrapUnions: false });
  return { id, value: framed(id, type.toBuffer(type.random())) };
}

/** @param foreign another topic, whose schema does not fit */
export async function garbageFor(topic: string, foreign: string): Promise<Garbage[]> {
  const { id, value: good } = await meaningless(topic);
  const change = { kind: "a change of nothing", value: good, reason: /no change of a row/ };
  // The first field of each schema is text or a row: a branch, or none, and then the length of a text.
  const endless = framed(id, Buffer.concat([Buffer.from([2]), long(2_000_000_000n)]));
  return [
    ...(topic.includes(".public.") ? [change] : []),
    { kind: "random bytes", value: Buffer.concat([Buffer.from([7]), randomBytes(40)]), reason: /wire format|Magic/ },
    { kind: "an empty value", value: Buffer.alloc(0), reason: /wire format|EOF/ },
    { kind: "an unknown schema", value: framed(2_000_000_000, randomBytes(9)), reason: /schema.* 2000000000/i },
    { kind: "an impossible schema", value: framed(-7, randomBytes(9)), reason: /schema.* -7/i },
    { kind: "a body that is cut off", value: good.subarray(0, 5 + Math.floor((good.length - 5) / 2)), reason: /./ },
    { kind: "no body", value: framed(id, Buffer.alloc(0)), reason: /EOF|does not fit its schema/ },
    { kind: "a text of two billion bytes", value: endless, reason: /./ },
    {
      kind: "a text of a negative length",
      value: framed(id, Buffer.concat([Buffer.from([2]), long(-1n)])),
      reason: /./,
    },
    { kind: "a negative length at once", value: framed(id, long(-3n)), reason: /./ },
    { kind: "another topic's record", value: (await meaningless(foreign)).value, reason: /./ },
    { kind: "a record near the limit", value: randomBytes(1_040_000).fill(9, 0, 1), reason: /wire format|Magic/ },
    {
      kind: "a compressed record beyond the limit",
      value: Buffer.concat([Buffer.from([9]), Buffer.alloc(4_000_000, "garbage ")]),
      reason: /wire format|Magic/,
    },
    {
      kind: "a bad key with a bad value",
      key: randomBytes(300),
      value: Buffer.from("{}"),
      reason: /wire format|Magic/,
    },
  ];
}

/** Puts each into a partition of its own, in turn. @returns where they are */
export async function place(topic: string, partitions: number, all: readonly Garbage[]): Promise<Placed[]> {
  const producer = admin().producer();
  await producer.connect();
  try {
    const placed: Placed[] = [];
    for (const [i, garbage] of all.entries()) {
      const { value, key = null } = garbage;
      const headers = { from: garbage.kind };
      const messages = [{ key, value, headers, partition: i % partitions }];
      const compression = (value?.length ?? 0) > 1_048_000 ? CompressionTypes.GZIP : CompressionTypes.None;
      const [sent] = await producer.send({ topic, messages, compression });
      placed.push({ ...garbage, topic, partition: i % partitions, offset: String(sent?.baseOffset) });
    }
    return placed;
  } finally {
    await producer.disconnect();
  }
}

/** All that is in a topic now. */
export async function readAll(topic: string): Promise<Letter[]> {
  const kafka = admin();
  const client = kafka.admin();
  await client.connect();
  const ends = await client.fetchTopicOffsets(topic).finally(() => client.disconnect());
  const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  if (wanted === 0) return [];
  const letters: Letter[] = [];
  const groupId = `test-${randomBytes(6).toString("hex")}`;
  const consumer = kafka.consumer({ groupId, maxBytes: 64 * 1024 * 1024 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { value, key, headers } }) => {
        letters.push({ value, key, headers: textual(headers) });
      },
    });
    await eventually(`${wanted} records of ${topic}`, async () => letters.length >= wanted);
  } finally {
    await consumer.disconnect();
  }
  return letters;
}

const textual = (headers: IHeaders = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String([value].flat().at(-1))]));
