import { compressed, type KafkaMessage, type Origin, type Sender } from "./kafka";

/** Characters: whoever made the record may have made its faults long, too. */
const longestReason = 1000;

/**
 * Copies a record that cannot be used to the dead letter: the bytes of key and value unchanged, its headers kept, with reason and origin added.
 * A header of the same name keeps its value as well, before ours.
 *
 * Delivery: at least once, acknowledged by all replicas; topic, partition and offset of the origin tell copies of one record apart.
 * Ordering: none. Metrics: the caller's. Failure: what the producer throws; the record is then still where it was.
 */
export async function toDeadLetter(
  sender: Sender,
  deadLetter: string,
  origin: Origin,
  message: KafkaMessage,
  reason: string,
): Promise<void> {
  const ours: Record<string, string> = {
    reason: reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason,
    "origin-topic": origin.topic,
    "origin-partition": String(origin.partition),
    "origin-offset": message.offset,
    "origin-timestamp": message.timestamp,
  };
  const headers: NonNullable<KafkaMessage["headers"]> = { ...message.headers };
  for (const [name, value] of Object.entries(ours)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  // A record that came compressed may be larger than a topic takes.
  const messages = [{ key: message.key, value: message.value, headers }];
  await sender.send({ topic: deadLetter, acks: -1, ...compressed, messages });
}
