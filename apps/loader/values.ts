import { BadRecord } from "../lib/errors";
import type { KafkaMessage, Origin } from "../lib/kafka";
import type { Column, Target } from "./target";

/** One line of Postgres' COPY in its text format, without the line's end: columns between tabs, `\N` for null. */
export type Line = string;

export interface Row {
  readonly line: Line;
  /** Of its primary key; empty without one. */
  readonly key: string;
}

/** @param record the decoded value; undefined when it could not be read, which only a table with `record_value` takes */
export function toRow(target: Target, record: unknown, message: KafkaMessage, origin: Origin): Row {
  let line = "";
  let key = "";
  for (let i = 0; i < target.columns.length; i++) {
    const column = target.columns[i] as Column;
    const value = column.of
      ? ofRecord(column, message, origin)
      : toText(column, (record as Readonly<Record<string, unknown>> | undefined)?.[column.name]);
    if (i > 0) line += "\t";
    line += value;
    if (target.keyAt.includes(i)) key += `${value}\t`;
  }
  return { line, key };
}

function ofRecord({ of, isBytes }: Column, message: KafkaMessage, origin: Origin): string {
  switch (of) {
    case "partition":
      return String(origin.partition);
    case "offset":
      return message.offset;
    case "timestamp":
      return new Date(Number(message.timestamp)).toISOString();
    default: {
      const bytes = of === "key" ? message.key : message.value;
      if (!bytes) return "\\N";
      return isBytes ? `\\\\x${bytes.toString("hex")}` : escaped(bytes.toString("utf8"), `record_${of}`);
    }
  }
}

function toText(column: Column, value: unknown): string {
  if (value === null || value === undefined) return "\\N";
  switch (typeof value) {
    case "string":
      return escaped(value, column.name);
    case "number":
      if (Number.isInteger(value) && !Number.isSafeInteger(value))
        throw new BadRecord(`${column.name}: a number that is not exact for every reader of JSON; it should be a text`);
      return column.isInstant ? new Date(value).toISOString() : String(value);
    case "boolean":
      return value ? "t" : "f";
    case "bigint":
      return String(value);
    default:
      if (Buffer.isBuffer(value)) return `\\\\x${value.toString("hex")}`;
      return escaped(JSON.stringify(value, bigAsText), column.name);
  }
}

const bigAsText = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

// Postgres has no text with U+0000.
const special = /[\\\t\n\r\0]/;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escaped(text: string, column: string): string {
  if (!special.test(text)) return text;
  if (text.includes("\0")) throw new BadRecord(`${column}: a text with U+0000, which Postgres does not take`);
  return text.replace(/[\\\t\n\r]/g, (character) => escapes[character] as string);
}
