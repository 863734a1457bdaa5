import { escapeIdentifier, type Pool } from "pg";
import type { EventRow } from "./events";

/** Each column: the type of the array it comes in, and how it is read from there. */
const columns: readonly { name: keyof EventRow; type: string; read?: string }[] = [
  { name: "uuid", type: "uuid" },
  { name: "event_name", type: "text" },
  { name: "event_type", type: "text" },
  { name: "entity_type", type: "text" },
  { name: "entity_id", type: "text" },
  { name: "entities", type: "text", read: "entities::jsonb" },
  { name: "source_table", type: "text" },
  { name: "operation", type: "text" },
  { name: "filter_id", type: "text" },
  { name: "consumer_id", type: "text" },
  { name: "created_at", type: "bigint", read: "to_timestamp(created_at / 1000.0)" },
  { name: "captured_at", type: "bigint", read: "to_timestamp(captured_at / 1000.0)" },
  { name: "filtered_at", type: "bigint", read: "to_timestamp(filtered_at / 1000.0)" },
];
const names = columns.map(({ name }) => name).join(", ");
const reads = columns.map(({ name, read }) => read ?? name).join(", ");
const arrays = columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(", ");

/**
 * Puts rows into a table, keyed by `uuid`, all or none, in one statement: one round trip, parsed and planned once per connection.
 *
 * An event says what happened, and that does not change: one that is there already stays as it was, with the time when it was first received. So
 * a replay writes nothing, and leaves no dead rows behind.
 *
 * @returns how many were new
 */
export async function storeRows(pool: Pool, table: string, rows: readonly EventRow[]): Promise<number> {
  const result = await pool.query({
    name: `store ${table}`,
    text: `INSERT INTO ${escapeIdentifier(table)} (${names})
           SELECT ${reads} FROM unnest(${arrays}) AS given (${names})
           ON CONFLICT (uuid) DO NOTHING`,
    values: columns.map(({ name }) => rows.map((row) => row[name])),
  });
  return result.rowCount ?? 0;
}
