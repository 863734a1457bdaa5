import type { Column } from "../types";
import type { ColumnShape } from "./catalogue";
import { parseType } from "./postgres-type";

/**
 * Debezium does not ask Postgres what a default is, it reads the expression: a literal's text, a fixed stand-in for a call, nothing for what it
 * cannot read. The same expressions must be read in the same way here, because the result is part of the topic's schema.
 */

/** What a call, or a keyword that tells the time, stands for: one value for each type. */
const standIns: Readonly<Record<string, string>> = {
  boolean: "false",
  smallint: "0",
  integer: "0",
  bigint: "0",
  real: "0.0",
  "double precision": "0.0",
  numeric: "0.0",
  json: "{}",
  jsonb: "{}",
  uuid: "00000000-0000-0000-0000-000000000000",
  date: "1970-01-01",
  "timestamp with time zone": "1970-01-01",
};
const call = /^[(]?[A-Za-z0-9_.]+\(.*\)/s;
const clock = /^(current_(timestamp|time|date)|localtime|localtimestamp)$/i;

/** The default that Debezium gives the field of a column; undefined when there is none. */
export function defaultOf(column: Column): string | number | boolean | undefined {
  const { default: expression } = column as ColumnShape;
  if (expression === undefined) return undefined;
  const { name, args } = parseType(column.type);
  const written = readExpression(expression, standIns[name] ?? "");
  return written === undefined ? undefined : convert(written, name, args);
}

function readExpression(expression: string, standIn: string): string | undefined {
  if (call.test(expression) || clock.test(expression)) return standIn;
  const literal = /'((?:[^']|'')*)'/.exec(expression)?.[1];
  if (literal !== undefined) return literal.replaceAll("''", "'");
  return expression.startsWith("NULL::") ? undefined : expression;
}

function convert(text: string, type: string, args: readonly number[]): string | number | boolean | undefined {
  switch (type) {
    case "boolean":
      return text.toLowerCase() === "true";
    case "smallint":
    case "integer":
    case "bigint":
      return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
    case "real":
    case "double precision":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "numeric":
      return decimal(text, args[1]);
    case "uuid":
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
    case "date":
      return daysOf(text);
    case "timestamp with time zone":
      return instant(text, args[0] ?? 6);
    default:
      return text;
  }
}

/** Padded to the column's scale; more decimals than the column has make Debezium give the default up. */
function decimal(text: string, scale: number | undefined): string | undefined {
  const match = /^([+-]?\d+)(?:\.(\d*))?$/.exec(text);
  if (!match) return undefined;
  const [, whole = "", decimals = ""] = match;
  if (scale !== undefined && decimals.length > scale) return undefined;
  const padded = decimals.padEnd(scale ?? 0, "0");
  return padded === "" ? whole : `${whole}.${padded}`;
}

function daysOf(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms / 86_400_000;
}

/** ISO in UTC with as many decimals as the column keeps. */
function instant(text: string, digits: number): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?)?(?:([+-]\d\d)(?::?(\d\d))?)?$/.exec(text);
  if (!match) return undefined;
  const [, date, time = "00:00:00", fraction = "", hours = "+00", minutes = "00"] = match;
  const ms = Date.parse(`${date}T${time}${hours}:${minutes}`);
  if (Number.isNaN(ms)) return undefined;
  const decimals = fraction.padEnd(digits, "0").slice(0, digits);
  return `${new Date(ms).toISOString().slice(0, 19)}${decimals ? `.${decimals}` : ""}Z`;
}
