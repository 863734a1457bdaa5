import type { ClientBase, Pool } from "pg";
import { inTransaction } from "../../lib/postgres";
import type { ChangeEvent } from "../change";

/** A change that is stored, with its place among those that would have the same file name. */
export interface Stored {
  readonly event: ChangeEvent;
  /** From 1: of changes of the same kind to the same row within one second. */
  readonly nth: number;
}

const columns: readonly { name: string; type: string; of: (event: ChangeEvent) => unknown; read?: string }[] = [
  { name: "event_id", type: "uuid", of: (event) => event.event_id },
  { name: "company_id", type: "text", of: (event) => event.company_id },
  { name: "table_name", type: "text", of: (event) => event.table_name },
  { name: "row_key", type: "text", of: (event) => event.row_key },
  { name: "version", type: "integer", of: (event) => event.version },
  { name: "file_id", type: "text", of: (event) => event.file_id },
  { name: "operation", type: "text", of: (event) => event.operation },
  {
    name: "changed_columns",
    type: "text",
    of: (event) => JSON.stringify(event.changed_columns),
    read: "ARRAY(SELECT jsonb_array_elements_text(changed_columns::jsonb))",
  },
  { name: "before", type: "text", of: (event) => event.before && JSON.stringify(event.before), read: "before::jsonb" },
  { name: "after", type: "text", of: (event) => event.after && JSON.stringify(event.after), read: "after::jsonb" },
  { name: "changed_at", type: "text", of: (event) => event.changed_at, read: "changed_at::timestamptz" },
];
const names = columns.map(({ name }) => name).join(", ");
const given = `unnest(${columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(", ")}) AS given (${names})`;

/**
 * Keeps changes in `cdc_events` and what follows from them in `company_data`, all or none. What is there already stays as it is.
 *
 * @returns how many were new, and all of them with their places
 */
export const storeChanges = (
  pool: Pool,
  events: readonly ChangeEvent[],
): Promise<{ inserted: number; stored: Stored[] }> =>
  inTransaction(pool, async (client) => {
    const inserted = await client.query({
      name: "store changes",
      text: `INSERT INTO cdc_events (${names})
             SELECT ${columns.map(({ name, read }) => read ?? name).join(", ")} FROM ${given}
             ON CONFLICT (event_id) DO NOTHING
             RETURNING company_id, table_name, row_key, changed_at`,
      values: columns.map(({ of }) => events.map(of)),
    });
    if (inserted.rows.length > 0) await rebuild(client, inserted.rows);
    const nths = await client.query({
      name: "number changes",
      text: numbering,
      values: [events.map(({ event_id }) => event_id)],
    });
    const nthOf = new Map(nths.rows.map(({ event_id, nth }) => [event_id as string, Number(nth)]));
    return {
      inserted: inserted.rows.length,
      stored: events.map((event) => ({ event, nth: nthOf.get(event.event_id) ?? 1 })),
    };
  });

const numbering = `
  SELECT given.event_id, (
    SELECT count(*) FROM cdc_events AS other
    WHERE (other.company_id, other.table_name, other.row_key, other.operation) = (one.company_id, one.table_name, one.row_key, one.operation)
      AND other.changed_at >= date_trunc('second', one.changed_at, 'UTC') AND other.changed_at <= one.changed_at
  ) AS nth
  FROM unnest($1::uuid[]) AS given (event_id) JOIN cdc_events AS one USING (event_id)`;

interface ChangedRow {
  readonly company_id: string;
  readonly table_name: string;
  readonly row_key: string;
  readonly changed_at: Date;
}

/**
 * Brings the history of some rows in line with `cdc_events`. A change ends what was valid before it, and begins what is valid until the next one. Changes
 * usually come in their order; when they do not (partitions were added, a topic is replayed), the outcome is the same.
 */
export async function rebuild(client: ClientBase, changes: readonly ChangedRow[]): Promise<void> {
  const values = [
    changes.map((change) => change.company_id),
    changes.map((change) => change.table_name),
    changes.map((change) => change.row_key),
    changes.map((change) => change.changed_at.toISOString()),
  ];
  // Before what follows is added, as no two may overlap.
  await client.query({
    name: "end what was valid",
    text: `${spans}
      UPDATE company_data AS data SET valid_to = spans.valid_to FROM spans
      WHERE (data.company_id, data.table_name, data.row_key, data.valid_from)
          = (spans.company_id, spans.table_name, spans.row_key, spans.valid_from) AND data.valid_to <> spans.valid_to`,
    values,
  });
  await client.query({
    name: "add what is valid",
    text: `${spans}
      INSERT INTO company_data (company_id, table_name, row_key, data, version, valid_from, valid_to)
      SELECT company_id, table_name, row_key, data, version, valid_from, valid_to FROM spans WHERE data IS NOT NULL
      ON CONFLICT (company_id, table_name, row_key, valid_from) DO NOTHING`,
    values,
  });
}

/** What the changed rows are from the last change before the first given one on, span by span; a span without data follows a delete. */
const spans = `
  WITH firsts AS MATERIALIZED (
    SELECT company_id, table_name, row_key, min(changed_at) AS first
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS given (company_id, table_name, row_key, changed_at)
    GROUP BY company_id, table_name, row_key
  ), spans AS MATERIALIZED (
    SELECT event.company_id, event.table_name, event.row_key, event.after AS data, event.version, event.changed_at AS valid_from,
      coalesce(lead(event.changed_at) OVER (PARTITION BY firsts ORDER BY event.changed_at), 'infinity') AS valid_to
    FROM firsts JOIN LATERAL (
      SELECT * FROM cdc_events AS event
      WHERE event.company_id = firsts.company_id AND event.table_name = firsts.table_name AND event.row_key = firsts.row_key
        AND event.changed_at >= coalesce((
          SELECT max(changed_at) FROM cdc_events AS former
          WHERE former.company_id = firsts.company_id AND former.table_name = firsts.table_name AND former.row_key = firsts.row_key
            AND former.changed_at < firsts.first), firsts.first)
    ) AS event ON true
  )`;
