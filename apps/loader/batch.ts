import { BadRecord, isDataError } from "../lib/errors";
import type { KafkaMessage, Origin } from "../lib/kafka";
import type { Decode } from "./decode";
import type { Entry } from "./load";
import type { Target } from "./target";
import { type Row, toRow } from "./values";

export interface BatchArgs {
  readonly target: Target;
  readonly origin: Origin;
  /** Throws BadRecord when the record is at fault. */
  readonly decode: Decode;
  /** Loads all or none. Throws a data error when one of them cannot be stored. */
  readonly load: (entries: readonly Entry[], next: bigint) => Promise<number>;
  /** Resolves when the record is safe in the dead letter. */
  readonly reject: (message: KafkaMessage, reason: string) => Promise<void>;
}
export interface BatchResult {
  /** Without those that had been loaded before. */
  readonly loaded: number;
  readonly rejected: number;
}
type Candidate = Entry & { readonly message: KafkaMessage };

/** Loads consecutive records of one partition; each that cannot be used goes to the dead letter, alone. */
export async function loadBatch(messages: readonly KafkaMessage[], args: BatchArgs): Promise<BatchResult> {
  const good: Candidate[] = [];
  for (const message of messages) {
    try {
      const row = rowOf(message, args);
      // Most are decoded at once: to wait for each would cost more than the decoding.
      const { line, key } = row instanceof Promise ? await row : row;
      good.push({ message, offset: message.offset, line, key });
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      await args.reject(message, error.message);
    }
  }
  const next = BigInt(messages.at(-1)?.offset ?? -1) + 1n;
  const { loaded, refused } = await loadOrSplit(good, next, args);
  return { loaded, rejected: messages.length - good.length + refused };
}

function rowOf(message: KafkaMessage, { target, origin, decode }: BatchArgs): Row | Promise<Row> {
  const asItIs = (error: unknown): Row => {
    if (!(error instanceof BadRecord) || !target.keepsUnreadable) throw error;
    return toRow(target, undefined, message, origin);
  };
  try {
    const decoded = decode(message.value);
    if (!(decoded instanceof Promise)) return toRow(target, decoded, message, origin);
    return decoded.then((value) => toRow(target, value, message, origin)).catch(asItIs);
  } catch (error) {
    return asItIs(error);
  }
}

/** Postgres says that something in a batch is wrong, not what: halves are tried until it stands alone. */
async function loadOrSplit(
  part: readonly Candidate[],
  next: bigint,
  args: BatchArgs,
): Promise<{ loaded: number; refused: number }> {
  try {
    return { loaded: await args.load(part, next), refused: 0 };
  } catch (error) {
    if (!isDataError(error) || part.length === 0) throw error;
    const [first] = part;
    if (part.length === 1 && first) {
      await args.reject(first.message, `Postgres refuses it: ${(error as Error).message}`);
      return { loaded: await args.load([], next), refused: 1 };
    }
    const middle = Math.ceil(part.length / 2);
    const from = part[middle] as Candidate;
    const before = await loadOrSplit(part.slice(0, middle), BigInt(from.offset), args);
    const after = await loadOrSplit(part.slice(middle), next, args);
    return { loaded: before.loaded + after.loaded, refused: before.refused + after.refused };
  }
}
