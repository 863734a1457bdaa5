import type { Pool } from "pg";
import { Unavailable } from "../lib/errors";

export interface Column {
  readonly name: string;
  /** What of the record itself it holds; absent for a field of its value. */
  readonly of?: OfRecord;
  readonly isBytes: boolean;
  readonly isInstant: boolean;
}
type OfRecord = "value" | "key" | "partition" | "offset" | "timestamp";
const ofRecord: Readonly<Record<string, OfRecord>> = {
  record_value: "value",
  record_key: "key",
  record_partition: "partition",
  record_offset: "offset",
  record_timestamp: "timestamp",
};

/** A table as records go into it. */
export interface Target {
  readonly table: string;
  /** Those that records have something for; the others get their defaults. */
  readonly columns: readonly Column[];
  /** Names of columns; empty: each record is a row. */
  readonly primaryKey: readonly string[];
  /** Positions of the key's columns. */
  readonly keyAt: readonly number[];
  /** Whether a record that cannot be read is a row, too. */
  readonly keepsUnreadable: boolean;
}

/**
 * The table as it is now, held against the fields of the topic's schema.
 *
 * @throws Unavailable while the table lacks, or cannot be given, what it needs: a migration may be on its way
 */
export async function readTarget(pool: Pool, table: string, fields: readonly string[]): Promise<Target> {
  type Row = { name: string; type: string; generated: boolean; key: boolean };
  const { rows } = await pool.query<Row>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
       coalesce(a.attnum = ANY (i.indkey::int2[]), false) AS key
     FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [`public."${table}"`],
  );
  if (rows.length === 0) throw new Unavailable(`there is no table ${table}`);
  const columns = rows
    .filter(({ name, generated }) => !generated && (fields.includes(name) || Object.hasOwn(ofRecord, name)))
    .map(({ name, type }): Column => {
      const of = fields.includes(name) ? undefined : ofRecord[name];
      return { name, isBytes: type === "bytea", isInstant: type.startsWith("timestamp"), ...(of && { of }) };
    });
  const primaryKey = rows.filter(({ key }) => key).map(({ name }) => name);
  const keyAt = primaryKey.map((name) => columns.findIndex((column) => column.name === name));
  if (keyAt.includes(-1))
    throw new Unavailable(`no field is for the primary key of ${table}: ${primaryKey.join(", ")}`);
  return { table, columns, primaryKey, keyAt, keepsUnreadable: columns.some(({ of }) => of === "value") };
}
