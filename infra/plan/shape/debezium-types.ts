import type { Column } from "../types";
import { defaultOf } from "./debezium-default";
import { parseType } from "./postgres-type";

/** An Avro schema as JSON. */
export type AvroJson = string | readonly AvroJson[] | { readonly [key: string]: unknown };

/** How Debezium captures a type of Postgres, as long as `schemaOptions` hold. */
export interface CapturedType {
  /** Avro's type. */
  readonly type: "boolean" | "int" | "long" | "float" | "double" | "string";
  /** Connect's name and version 1 of it, where the type has a meaning beyond Avro's. */
  readonly name?: string;
  /** Kafka Connect's type, where Avro has none of its own. */
  readonly connectType?: string;
  readonly logicalType?: string;
}

const text: CapturedType = { type: "string" };
const json: CapturedType = { type: "string", name: "io.debezium.data.Json" };

/** By Postgres's name of the type without its precision or length. */
const capturedTypes: Readonly<Record<string, CapturedType>> = {
  boolean: { type: "boolean" },
  smallint: { type: "int", connectType: "int16" },
  integer: { type: "int" },
  bigint: { type: "long" },
  real: { type: "float" },
  "double precision": { type: "double" },
  numeric: text,
  text,
  "character varying": text,
  character: text,
  uuid: { type: "string", name: "io.debezium.data.Uuid" },
  json,
  jsonb: json,
  date: { type: "int", name: "org.apache.kafka.connect.data.Date", logicalType: "date" },
  "timestamp with time zone": { type: "string", name: "io.debezium.time.ZonedTimestamp" },
};
export const supportedTypes: readonly string[] = Object.keys(capturedTypes);

export const capturedType = (column: Column): CapturedType | undefined => capturedTypes[parseType(column.type).name];

/** The field of a captured column, in the form and with the order of keys that the converter gives it. */
export function captureField(column: Column, captured: CapturedType): AvroJson {
  const value = defaultOf(column);
  const extras = {
    ...(captured.name && { "connect.version": 1 }),
    ...(value !== undefined && { "connect.default": value }),
    ...(captured.name && { "connect.name": captured.name }),
    ...(captured.connectType && { "connect.type": captured.connectType }),
    ...(captured.logicalType && { logicalType: captured.logicalType }),
  };
  const type = Object.keys(extras).length === 0 ? captured.type : { type: captured.type, ...extras };
  if (value !== undefined) return { name: column.name, type: column.nullable ? [type, "null"] : type, default: value };
  return column.nullable ? { name: column.name, type: ["null", type], default: null } : { name: column.name, type };
}
