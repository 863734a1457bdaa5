import { beginTransaction, isCommitted, type Kafka, type Position } from "../../lib/kafka";
import { type ChangeEvent, eventId } from "../change";
import { BadFile, type Comparison, type RowChange } from "./detect";
import type { Pending, Version, Versions } from "./versions";

/** What is sent at once: records, and bytes of them. */
const [batchRecords, batchBytes] = [1000, 700_000];
/** Bytes of a record's value; a topic takes 1 MiB with key and headers. */
const longestEvent = 1_000_000;

/** Nobody knows whether the changes were published; the next upload of the table, or the next start, finds out. */
export class Undecided extends Error {
  override readonly name = "Undecided";
}

export interface Publisher {
  /**
   * Publishes the changes of a version in one Kafka transaction, and makes the version current when it was committed.
   *
   * @throws Undecided when the commit was not answered; anything else: nothing was published
   */
  readonly publish: (
    next: Version,
    staged: string,
    comparison: Comparison,
    onProgress: (sent: number) => void,
  ) => Promise<void>;
  /** Finds out what became of a version whose publication was interrupted, and makes it current if its changes are there. */
  readonly settle: (pending: Pending) => Promise<"published" | "not published">;
}

export interface PublisherArgs {
  readonly kafka: Kafka;
  /** Also the beginning of its transactional ids and consumer groups. */
  readonly app: string;
  readonly topic: string;
  readonly versions: Versions;
}

export function createPublisher({ kafka, app, topic, versions }: PublisherArgs): Publisher {
  /** One for each table: whoever opens it ends what another process had under way there. */
  const idOf = ({ company_id, table_name }: Version) => `${app}/${company_id}/${table_name}`;
  return {
    publish: async (next, staged, comparison, onProgress) => {
      const transaction = await beginTransaction(kafka, idOf(next));
      try {
        let first: Position | undefined;
        let sent = 0;
        for await (const records of batches(comparison, next)) {
          const positions = await transaction.send(topic, records);
          first ??= positions[0];
          sent += records.length;
          onProgress(sent);
        }
        if (!first) return;
        const pending = { next, staged, first };
        await versions.prepare(pending);
        await transaction.commit().catch((error: Error) => {
          throw new Undecided(`the commit was not answered: ${error.message}`);
        });
        await versions.makeCurrent(pending);
      } finally {
        await transaction.close();
      }
    },
    settle: async (pending) => {
      // Opening the id ends what was under way with it.
      const transaction = await beginTransaction(kafka, idOf(pending.next));
      await transaction.close();
      const committed = await isCommitted(kafka, `${app}/`, pending.first, ({ value }) => isOf(value, pending.next));
      if (committed) await versions.makeCurrent(pending);
      else await versions.drop(pending);
      return committed ? "published" : "not published";
    },
  };
}

interface Record {
  readonly key: string;
  readonly value: Buffer;
}

async function* batches(comparison: Comparison, next: Version): AsyncGenerator<Record[]> {
  let records: Record[] = [];
  let bytes = 0;
  for await (const change of comparison.read()) {
    const record = recordOf(change, next);
    if (records.length === batchRecords || bytes + record.value.length > batchBytes) {
      if (records.length > 0) yield records;
      records = [];
      bytes = 0;
    }
    records.push(record);
    bytes += record.value.length;
  }
  if (records.length > 0) yield records;
}

/** What a change tells of its version. */
type Described = Pick<Version, "company_id" | "table_name" | "version" | "file_id" | "changed_at">;

/** A change as it stands in the topic. */
export function recordOf({ operation, key, before, after, changedColumns, line }: RowChange, next: Described): Record {
  const { company_id, table_name, version, file_id, changed_at } = next;
  const content = { company_id, table_name, version, row_key: key, operation, before, after };
  const event: ChangeEvent = {
    event_id: eventId(content),
    file_id,
    ...content,
    changed_columns: [...changedColumns],
    changed_at,
  };
  const value = Buffer.from(JSON.stringify(event));
  if (value.length <= longestEvent) return { key, value };
  throw new BadFile([
    { line, message: `the change of row ${JSON.stringify(key)} is larger than ${longestEvent} bytes as JSON` },
  ]);
}

function isOf(value: Buffer | null, { file_id, version }: Version): boolean {
  try {
    const event = JSON.parse(String(value)) as Partial<ChangeEvent>;
    return event.file_id === file_id && event.version === version;
  } catch {
    return false;
  }
}
