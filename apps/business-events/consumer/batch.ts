import { BadRecord, isDataError } from "../../lib/errors";
import type { KafkaMessage } from "../../lib/kafka";
import type { Decode } from "../../lib/registry";
import { type EventRow, toRow } from "./events";

export interface BatchArgs {
  /** Throws BadRecord when the record is at fault. */
  readonly decode: Decode;
  /** Stores all rows or none, and says how many were new. Throws a data error when one of them cannot be stored. */
  readonly store: (rows: readonly EventRow[]) => Promise<number>;
  /** Resolves when the record is safe in the dead letter. */
  readonly reject: (message: KafkaMessage, reason: string) => Promise<void>;
}

export interface BatchResult {
  /** Rows that are in the table now. */
  readonly stored: readonly EventRow[];
  /** Of the stored ones, how many were new. */
  readonly inserted: number;
  readonly rejected: number;
}

interface Candidate {
  readonly message: KafkaMessage;
  readonly row: EventRow;
}

/**
 * Stores records; each that cannot be used goes to the dead letter, alone. What else `decode`, `store` and `reject` throw, it throws: then nothing is lost,
 * and the same records can be given again.
 */
export async function storeBatch(messages: readonly KafkaMessage[], args: BatchArgs): Promise<BatchResult> {
  const good: Candidate[] = [];
  for (const message of messages) {
    try {
      good.push({ message, row: toRow(await args.decode(message.value)) });
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      await args.reject(message, error.message);
    }
  }
  const { stored, inserted } = await storeOrSplit(good, args);
  return { stored, inserted, rejected: messages.length - stored.length };
}

/** Postgres says that something in a batch is wrong, not what: halves are tried until it stands alone. */
async function storeOrSplit(part: readonly Candidate[], args: BatchArgs): Promise<Omit<BatchResult, "rejected">> {
  const [first] = part;
  if (!first) return { stored: [], inserted: 0 };
  try {
    const rows = part.map(({ row }) => row);
    return { stored: rows, inserted: await args.store(rows) };
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (part.length === 1) {
      await args.reject(first.message, `Postgres refuses it: ${(error as Error).message}`);
      return { stored: [], inserted: 0 };
    }
    const middle = Math.ceil(part.length / 2);
    const before = await storeOrSplit(part.slice(0, middle), args);
    const after = await storeOrSplit(part.slice(middle), args);
    return { stored: [...before.stored, ...after.stored], inserted: before.inserted + after.inserted };
  }
}
