import { UserError } from "../problems";
import type { Column, TableShape } from "../types";
import { changeSchemas } from "./debezium-schema";
import { capturedType } from "./debezium-types";
import { avroColumns, type FlinkColumn } from "./flink-types";
import { identifier, literal } from "./sql-text";

export interface ChangeViewArgs {
  readonly table: TableShape;
  /** The change stream: name of its topic and of its table in Flink. */
  readonly topic: string;
  /** Name of the database, a part of each event's id. */
  readonly database: string;
}

/** In no text of Postgres, so it can stand for "not there" and between parts. */
const nothing = "\0";

/**
 * The view `<table>_changes`: each change of a row as one event, without any state.
 *
 *   op            Debezium's: c, u, d, or r for a row that was there at the snapshot
 *   event_id      a UUID made of where in the log the change stands, of the primary key for r: a replay yields the same
 *   committed_at  epoch ms, as Postgres committed it
 *   captured_at   epoch ms, as Debezium read it
 *   changed       attribute, in camel case, to text: all for c and r, what differs for u, the last values for d; null where there is none
 *   before, after the row, null where there is none
 *   …             the table's columns, after the change; before it for d. One that has a name of the above is found in `after` and `before` only
 */
export function changeView({ table, topic, database }: ChangeViewArgs): {
  name: string;
  sql: string;
  columns: FlinkColumn[];
} {
  checkAttributes(database, table);
  const name = `${table.name}_changes`;
  const columns = table.columns.filter((column) => capturedType(column) !== undefined);
  const rowTypes = avroColumns(changeSchemas({ capture: database, database, table }).value);
  const rowType = rowTypes.find((column) => column.name === "after")?.type ?? "";
  const own: (FlinkColumn & { expression: string })[] = [
    { name: "op", type: "STRING", expression: "`op`" },
    { name: "event_id", type: "STRING", expression: eventId(table, database) },
    { name: "committed_at", type: "BIGINT", expression: "`source`.`ts_ms`" },
    { name: "captured_at", type: "BIGINT", expression: "`ts_ms`" },
    { name: "changed", type: "MAP<STRING, STRING>", expression: changedAttributes(columns) },
    { name: "before", type: rowType, expression: "`before`" },
    { name: "after", type: rowType, expression: "`after`" },
  ];
  const reserved = own.map((column) => column.name);
  const flat = columns
    .filter((column) => !reserved.includes(column.name))
    .map((column) => ({ name: column.name, type: flatType(column), expression: present(column) }));
  const all = [...own, ...flat];
  const lines = all.map(({ name, expression }) => `  ${expression} AS ${identifier(name)}`);
  return {
    name,
    sql: `CREATE TEMPORARY VIEW ${identifier(name)} AS\nSELECT\n${lines.join(",\n")}\nFROM ${identifier(topic)}`,
    columns: all.map(({ name, type }) => ({ name, type })),
  };
}

/** The envelope's columns. A table may lose a column before its migrations say so: what is inside of a column need not be there. */
export const envelopeColumns = (schema: unknown): FlinkColumn[] =>
  avroColumns(schema).map(({ name, type }) => {
    const [, inner = "", own = ""] = /^(.*?)( NOT NULL)?$/s.exec(type) ?? [];
    return { name, type: inner.replaceAll(" NOT NULL", "") + own };
  });

/**
 * A record that fits the envelope and is no change of a row of this table: the view's columns would be null where an event has none. The schema of
 * another table's envelope fits as well, because what is inside of a column need not be there.
 */
export function noChange({ name, primaryKey }: TableShape): { condition: string; reason: string } {
  const has = (row: string) => primaryKey.map((column) => `${row}.${identifier(column)} IS NOT NULL`).join(" AND ");
  const condition = [
    `\`source\`.\`table\` <> ${literal(name)} OR \`source\`.\`table\` IS NULL OR \`ts_ms\` IS NULL OR NOT CASE \`op\``,
    `  WHEN 'u' THEN ${has("`before`")} AND ${has("`after`")}`,
    `  WHEN 'd' THEN ${has("`before`")}`,
    `  ELSE \`op\` IN ('c', 'r') AND ${has("`after`")}`,
    "END",
  ].join("\n");
  return { condition, reason: `it is no change of a row of ${name}` };
}

const before = (column: Column) => `\`before\`.${identifier(column.name)}`;
const after = (column: Column) => `\`after\`.${identifier(column.name)}`;
const present = (column: Column) => `CASE WHEN \`op\` = 'd' THEN ${before(column)} ELSE ${after(column)} END`;

const flinkTypes: Readonly<Record<string, string>> = {
  boolean: "BOOLEAN",
  int: "INT",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
};

function flatType(column: Column): string {
  const captured = capturedType(column);
  return captured?.logicalType === "date" ? "DATE" : (flinkTypes[captured?.type ?? ""] ?? "STRING");
}

/** Numbers plain, instants and dates ISO, booleans in small letters. */
function asText(column: Column, expression: string): string {
  const type = flatType(column);
  if (type === "STRING") return expression;
  const cast = `CAST(${expression} AS STRING)`;
  return type === "BOOLEAN" ? `LOWER(${cast})` : cast;
}

/** Flink has no filter for maps: what did not change is marked in keys and values alike, and removed from both. */
function changedAttributes(columns: readonly Column[]): string {
  const marked = (text: (column: Column) => string) => {
    const items = columns.map(
      (column) =>
        `      CASE WHEN \`op\` = 'u' AND ${before(column)} IS NOT DISTINCT FROM ${after(column)} THEN ${literal(nothing)} ELSE ${text(column)} END`,
    );
    return `    ARRAY_REMOVE(ARRAY[\n${items.join(",\n")}\n    ], ${literal(nothing)})`;
  };
  const keys = marked((column) => literal(attributeOf(column)));
  const values = marked((column) => asText(column, present(column)));
  return `MAP_FROM_ARRAYS(\n${keys},\n${values}\n  )`;
}

/** `loan_amount` is `loanAmount`. */
const attributeOf = (column: Column) =>
  column.name.replace(/_+([A-Za-z0-9])/g, (_, next: string) => next.toUpperCase());

function checkAttributes(database: string, table: TableShape): void {
  const problems = table.columns.flatMap((column, index) => {
    const same = table.columns.slice(0, index).find((other) => attributeOf(other) === attributeOf(column));
    const message = `The columns ${same?.name} and ${column.name} would both be the attribute ${attributeOf(column)}.`;
    return same ? [{ file: `migrations/${database}`, path: table.name, message, fix: "Rename one of them." }] : [];
  });
  if (problems.length > 0) throw new UserError(problems);
}

/** An update has its own place in the log; rows copied together share one, so the primary key is a part as well. */
function eventId(table: TableShape, database: string): string {
  const key = table.columns
    .filter((column) => table.primaryKey.includes(column.name))
    .map((column) => asText(column, present(column)));
  const parts = [literal(database), literal(table.name)];
  const separator = literal(nothing);
  const snapshot = `CONCAT_WS(${[separator, ...parts, ...key, "'snapshot'"].join(", ")})`;
  const logged = `CONCAT_WS(${[separator, ...parts, "CAST(`source`.`lsn` AS STRING)", ...key, "`op`"].join(", ")})`;
  const hash = `MD5(CASE WHEN \`op\` = 'r' THEN ${snapshot} ELSE ${logged} END)`;
  // Hyphens go where a UUID has them. Flink takes the $ of a replacement literally, so they are put between characters.
  return `REGEXP_REPLACE(${hash}, '(?<=^.{8})|(?<=^.{12})|(?<=^.{16})|(?<=^.{20})', '-')`;
}
