import * as batch from "../../lib/batch";
import type { KafkaMessage } from "../../lib/kafka";
import { type ChangeEvent, parseChange } from "../change";
import type { Stored } from "./store";

export type BatchArgs = Omit<batch.BatchArgs<ChangeEvent, Stored>, "read">;
export type BatchResult = batch.BatchResult<Stored>;

/** Stores changes; each record that cannot be used goes to the dead letter, alone. */
export const storeBatch = (messages: readonly KafkaMessage[], args: BatchArgs): Promise<BatchResult> =>
  batch.storeBatch(messages, { ...args, read: ({ value }) => parseChange(value) });
