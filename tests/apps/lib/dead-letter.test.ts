import type { ProducerRecord } from "kafkajs";
import { toDeadLetter } from "../../../apps/lib/dead-letter";
import type { KafkaMessage } from "../../../apps/lib/kafka";

const sent: ProducerRecord[] = [];
const sender = { send: async (record: ProducerRecord) => void sent.push(record) };
const origin = { topic: "things", partition: 2 };
const message = (rest: Partial<KafkaMessage>): KafkaMessage =>
  ({ key: null, value: null, timestamp: "1764000000000", attributes: 0, offset: "42", ...rest }) as KafkaMessage;

async function copyOf(rest: Partial<KafkaMessage>, reason = "bad") {
  sent.length = 0;
  await toDeadLetter(sender, "things.dlq", origin, message(rest), reason);
  return sent[0]?.messages[0];
}

test("the bytes of key and value are unchanged, whatever they are", async () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const copy = await copyOf({ key: every, value: Buffer.concat([every, every]) });
  expect(copy?.key).toEqual(every);
  expect(copy?.value).toEqual(Buffer.concat([every, every]));
  expect(await copyOf({})).toMatchObject({ key: null, value: null });
});

test("headers tell the reason and the origin, and those it had are kept", async () => {
  const trace = Buffer.of(0xff, 0);
  const copy = await copyOf({ headers: { trace, many: [Buffer.of(1), Buffer.of(2)] } }, "no schema 9");
  expect(copy?.headers).toEqual({
    trace,
    many: [Buffer.of(1), Buffer.of(2)],
    reason: "no schema 9",
    "origin-topic": "things",
    "origin-partition": "2",
    "origin-offset": "42",
    "origin-timestamp": "1764000000000",
  });
  expect(sent[0]).toMatchObject({ topic: "things.dlq", acks: -1 });
});

test("a header of ours that was there already is kept before ours", async () => {
  const copy = await copyOf({ headers: { reason: Buffer.from("older") } }, "newer");
  expect(copy?.headers?.reason).toEqual([Buffer.from("older"), "newer"]);
});

test("an endless reason is cut", async () => {
  const copy = await copyOf({}, "x".repeat(100_000));
  expect(String(copy?.headers?.reason)).toHaveLength(1001);
});
