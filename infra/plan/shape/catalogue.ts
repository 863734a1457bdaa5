import type { PGlite } from "@electric-sql/pglite";
import type { Problem } from "../problems";
import type { Column, TableShape } from "../types";

/** A column with what the schema of its topic depends on beyond its type. */
export interface ColumnShape extends Column {
  /** As Postgres prints it: `'AVAILABLE'::text`, `0`, `now()`. Absent for an identity. */
  readonly default?: string;
  /** Computed from other columns. */
  readonly generated?: boolean;
}

/** Ordinary and partitioned tables of the schema `public`; a partition is a part of its table. */
const tables = `
  FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`;

const shapes = `
  SELECT c.relname AS name,
    c.relreplident = 'f' AS "replicaIdentityFull",
    (SELECT coalesce(json_agg(json_strip_nulls(json_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'nullable', NOT a.attnotnull,
        'hasDefault', a.atthasdef OR a.attidentity <> '',
        'generated', CASE WHEN a.attgenerated <> '' THEN true END,
        'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT coalesce(json_agg(a.attname ORDER BY k.position), '[]')
      FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
      WHERE i.indrelid = c.oid AND i.indisprimary AND k.position <= i.indnkeyatts) AS "primaryKey"
  ${tables}
  ORDER BY c.relname`;

/** The tables as the catalogue has them. */
export async function readCatalogue(postgres: PGlite): Promise<TableShape[]> {
  return (await postgres.query<TableShape>(shapes)).rows;
}

/**
 * What the scratch Postgres, version 18, takes and the platform's, version 17, does not: generated columns that are not stored, which is what 18
 * makes when nothing is said.
 */
export async function newerThanPlatform(postgres: PGlite): Promise<Omit<Problem, "file">[]> {
  const { rows } = await postgres.query<{ table: string; column: string }>(
    `SELECT c.relname AS table, a.attname AS column FROM pg_attribute a JOIN (SELECT c.oid, c.relname ${tables}) c ON c.oid = a.attrelid
     WHERE a.attgenerated = 'v' ORDER BY 1, a.attnum`,
  );
  return rows.map(({ table, column }) => ({
    path: `${table} › ${column}`,
    message: "Postgres 17 has no generated column that is not stored.",
    fix: "Write GENERATED ALWAYS AS (…) STORED.",
  }));
}
