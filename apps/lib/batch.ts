import { BadRecord, isDataError } from "./errors";
import type { KafkaMessage } from "./kafka";

export interface BatchArgs<Value, Stored> {
  /** Throws BadRecord when the record is at fault. */
  readonly read: (message: KafkaMessage) => Value | Promise<Value>;
  /** Stores all or none. Throws a data error when one of them cannot be stored. */
  readonly store: (values: readonly Value[]) => Promise<Omit<BatchResult<Stored>, "rejected">>;
  /** Resolves when the record is safe in the dead letter. */
  readonly reject: (message: KafkaMessage, reason: string) => Promise<void>;
}

export interface BatchResult<Stored> {
  /** What is in the table now. */
  readonly stored: readonly Stored[];
  /** Of the stored ones, how many were new. */
  readonly inserted: number;
  readonly rejected: number;
}

interface Candidate<Value> {
  readonly message: KafkaMessage;
  readonly value: Value;
}

/**
 * Stores records; each that cannot be used goes to the dead letter, alone. What else `read`, `store` and `reject` throw, it throws: then nothing is lost,
 * and the same records can be given again.
 */
export async function storeBatch<Value, Stored>(
  messages: readonly KafkaMessage[],
  args: BatchArgs<Value, Stored>,
): Promise<BatchResult<Stored>> {
  const good: Candidate<Value>[] = [];
  for (const message of messages) {
    try {
      good.push({ message, value: await args.read(message) });
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      await args.reject(message, error.message);
    }
  }
  const { stored, inserted } = await storeOrSplit(good, args);
  return { stored, inserted, rejected: messages.length - stored.length };
}

/** Postgres says that something in a batch is wrong, not what: halves are tried until it stands alone. */
async function storeOrSplit<Value, Stored>(
  part: readonly Candidate<Value>[],
  args: BatchArgs<Value, Stored>,
): Promise<Omit<BatchResult<Stored>, "rejected">> {
  const [first] = part;
  if (!first) return { stored: [], inserted: 0 };
  try {
    return await args.store(part.map(({ value }) => value));
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
