import * as batch from "../../lib/batch";
import type { KafkaMessage } from "../../lib/kafka";
import type { Decode } from "../../lib/registry";
import { type EventRow, toRow } from "./events";

export interface BatchArgs extends Pick<batch.BatchArgs<EventRow, EventRow>, "reject"> {
  /** Throws BadRecord when the record is at fault. */
  readonly decode: Decode;
  /** Stores all rows or none, and says how many were new. Throws a data error when one of them cannot be stored. */
  readonly store: (rows: readonly EventRow[]) => Promise<number>;
}
export type BatchResult = batch.BatchResult<EventRow>;

/** Stores records; each that cannot be used goes to the dead letter, alone. */
export const storeBatch = (messages: readonly KafkaMessage[], { decode, store, reject }: BatchArgs) =>
  batch.storeBatch<EventRow, EventRow>(messages, {
    read: async ({ value }) => toRow(await decode(value)),
    store: async (rows) => ({ stored: rows, inserted: await store(rows) }),
    reject,
  });
