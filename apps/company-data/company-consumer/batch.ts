import { BadRecord, isDataError } from "../../lib/errors";
import type { KafkaMessage } from "../../lib/kafka";
import { type ChangeEvent, parseChange } from "../change";
import type { Stored } from "./store";

export interface BatchArgs {
  /** Stores all changes or none. Throws a data error when one of them cannot be stored. */
  readonly store: (events: readonly ChangeEvent[]) => Promise<{ inserted: number; stored: readonly Stored[] }>;
  /** Resolves when the record is safe in the dead letter. */
  readonly reject: (message: KafkaMessage, reason: string) => Promise<void>;
}

export interface BatchResult {
  readonly stored: readonly Stored[];
  readonly inserted: number;
  readonly rejected: number;
}

interface Candidate {
  readonly message: KafkaMessage;
  readonly event: ChangeEvent;
}

/** Stores changes; each record that cannot be used goes to the dead letter, alone. What else `store` and `reject` throw, it throws: then nothing is lost. */
export async function storeBatch(messages: readonly KafkaMessage[], args: BatchArgs): Promise<BatchResult> {
  const good: Candidate[] = [];
  for (const message of messages) {
    try {
      good.push({ message, event: parseChange(message.value) });
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
    return await args.store(part.map(({ event }) => event));
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
