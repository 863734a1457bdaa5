import { escapeIdentifier, escapeLiteral, type Pool } from "pg";
import { type Problem, refuse } from "../../../infra/plan/problems";
import { timeText } from "./clock";
import type { Page, Position, Row } from "./progress";
import type { Settings } from "./settings";

export interface Source {
  /** The first rows behind `from`, `batchRows` at most. */
  readonly read: (from: Position | undefined) => Promise<Page>;
  /** What works, and could work better. */
  readonly warnings: readonly string[];
}

interface ColumnInfo {
  readonly name: string;
  /** As `format_type()` prints it, without its size. */
  readonly type: string;
  readonly notNull: boolean;
}

/**
 * A table as the poller reads it: looked at once, every row as JSON of all its columns, exact. Numbers with a point are text, as are times, in UTC.
 *
 * @param settledAt from the source's clock, epoch microseconds, the time before which all rows are visible
 * @throws UserError when the table cannot be polled
 */
export async function openSource(
  pool: Pool,
  table: string,
  { cursor, batchRows, overlap }: Settings,
  settledAt: (now: number) => number,
): Promise<Source> {
  const columns = await columnsOf(pool, table);
  const [time, key] = [cursor.time, cursor.key].map((name) => columns.find((column) => column.name === name));
  refuse(
    [...checkColumns(table, columns, cursor), ...(await checkUnique(pool, table, cursor.key))],
    "The table cannot be polled",
  );
  // With the table's name: by its own, ORDER BY would take the text that is selected.
  const [timeName, keyName] = [cursor.time, cursor.key].map((name) => `row.${escapeIdentifier(name)}`) as [
    string,
    string,
  ];
  const json = columns.map((column) => `${escapeLiteral(column.name)}, ${jsonValue(column)}`);
  const select = [
    `SELECT ${textOf(time as ColumnInfo)}, ${keyName}::text, json_build_object(${json.join(", ")})::text`,
    `FROM ${escapeIdentifier(table)} AS row`,
  ].join(" ");
  const order = `ORDER BY ${timeName}, ${keyName} LIMIT ${batchRows}`;
  const where = (from: Position | undefined): [string, string[]] => {
    if (!from) return ["", []];
    if (from.key === undefined) return [`WHERE ${timeName} >= $1::timestamptz`, [from.time]];
    return [
      `WHERE (${timeName}, ${keyName}) > ($1::timestamptz, $2::text::${(key as ColumnInfo).type})`,
      [from.time, from.key],
    ];
  };
  return {
    warnings: (await hasIndex(pool, table, cursor))
      ? []
      : [`${table} has no index on (${cursor.time}, ${cursor.key}): each look reads the whole table`],
    read: async (from) => {
      // Asked for first: rows that are settled by this clock are visible to the next statement.
      const clock = await pool.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text AS now");
      const settled = settledAt(Number(clock.rows[0].now));
      const [condition, values] = where(from);
      const { rows } = await pool.query<[string, string, string]>({
        text: `${select} ${condition} ${order}`,
        values,
        rowMode: "array",
      });
      return {
        rows: rows.map(([at, id, value]): Row => ({ time: at, key: id, value })),
        full: rows.length === batchRows,
        settled: timeText(settled),
        keepFrom: timeText(settled - overlap * 1000),
      };
    },
  };
}

async function columnsOf(pool: Pool, table: string): Promise<ColumnInfo[]> {
  const { rows } = await pool.query(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type, attnotnull AS "notNull"
     FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [escapeIdentifier(table)],
  );
  return rows;
}

function checkColumns(table: string, columns: readonly ColumnInfo[], cursor: Settings["cursor"]): Problem[] {
  const problems: Problem[] = [];
  for (const role of ["time", "key"] as const) {
    const path = `cursor.${role}`;
    const column = columns.find(({ name }) => name === cursor[role]);
    if (!column) {
      const allowed = columns.map(({ name }) => name);
      problems.push({ path, message: `${table} has no such column.`, given: cursor[role], allowed });
      continue;
    }
    if (role === "time" && column.type !== "timestamp with time zone") {
      const allowed = "a column of type timestamptz";
      problems.push({ path, message: `${column.name} is ${column.type}.`, given: column.name, allowed });
    }
    if (!column.notNull) {
      const fix = "Let the source declare it NOT NULL, or poll by another column.";
      problems.push({ path, message: "Rows without a value in it would never be read.", given: column.name, fix });
    }
  }
  return problems;
}

async function checkUnique(pool: Pool, table: string, key: string): Promise<Problem[]> {
  const { rows } = await pool.query(
    `SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = $2`,
    [escapeIdentifier(table), key],
  );
  const fix = "Let the source declare it unique, or poll by the primary key.";
  return rows.length > 0 ? [] : [{ path: "cursor.key", message: "It is not unique.", given: key, fix }];
}

async function hasIndex(pool: Pool, table: string, { time, key }: Settings["cursor"]): Promise<boolean> {
  const { rows } = await pool.query(
    `SELECT 1 FROM pg_index i
     JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[0]
     JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[1]
     WHERE i.indrelid = $1::regclass AND i.indisvalid AND i.indpred IS NULL AND t.attname = $2 AND k.attname = $3`,
    [escapeIdentifier(table), time, key],
  );
  return rows.length > 0;
}

const iso = `'YYYY-MM-DD"T"HH24:MI:SS.US'`;

/** A time as text that compares as time; infinity, which has no digits, stands behind all of them, and -infinity before. */
function textOf({ name, type }: ColumnInfo): string {
  const column = escapeIdentifier(name);
  if (type === "timestamp with time zone")
    return `CASE WHEN isfinite(${column}) THEN to_char(${column} AT TIME ZONE 'UTC', ${iso}) || 'Z' ELSE ${column}::text END`;
  return `${column}::text`;
}

/** What JSON itself keeps exactly, or nearly so, stays as it is. */
const plainTypes = ["boolean", "smallint", "integer", "bigint", "text", "character varying", "json", "jsonb"];

const jsonValue = (column: ColumnInfo) =>
  plainTypes.includes(column.type) ? escapeIdentifier(column.name) : textOf(column);
