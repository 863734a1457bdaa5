import type { Endpoints } from "../types";
import type { FlinkColumn } from "./flink-types";
import { identifier, literal } from "./sql-text";

export { changeView } from "./change-view";
export { avroColumns, type FlinkColumn } from "./flink-types";
export { jsonColumns } from "./json-types";
export { topicSource } from "./topic-source";

/** Where a topic is, and how Flink gets to it. */
export interface TopicAccess {
  readonly topic: string;
  readonly endpoints: Pick<Endpoints, "kafka" | "registry">;
  /** Of Kafka's client, without the prefix `properties.`. */
  readonly clientProperties?: Readonly<Record<string, string>>;
}

export interface TopicSinkArgs extends TopicAccess {
  /** Of the record's value, from `avroColumns` or `jsonColumns` of the same schema. */
  readonly columns: readonly FlinkColumn[];
  readonly format: "avro" | "json";
  /** Text of the declared schema; in Avro, written with its own id. */
  readonly valueSchema: string;
  /** Path to the value's field that is the record's key. The table then has a column for it, last: `keyColumn(field)`. */
  readonly key?: { readonly field: string };
}

export interface FlinkTable {
  readonly sql: string;
  /** All columns, in order. */
  readonly columns: readonly FlinkColumn[];
}

/** A topic as a table to write to, its values in Avro with the registry's ids, or plain JSON. */
export function topicSink(args: TopicSinkArgs): FlinkTable {
  const { key } = args;
  const columns = key ? [...args.columns, { name: keyColumn(key.field), type: "STRING" }] : args.columns;
  const options = {
    ...kafkaOptions(args),
    ...(args.format === "json" ? jsonValue : avroValue(args)),
    ...(key && rawKey(keyColumn(key.field))),
    "sink.delivery-guarantee": "at-least-once",
  };
  return { sql: createTable(args.topic, columns, options), columns };
}

const avroValue = ({ topic, endpoints, valueSchema }: TopicSinkArgs) => ({
  "value.format": "avro-confluent",
  "value.avro-confluent.url": registryApi(endpoints),
  "value.avro-confluent.schema": valueSchema,
  "value.avro-confluent.subject": `${topic}-value`,
});
/** A field that may be absent is left out, because a schema seldom allows null as well. */
const jsonValue = { "value.format": "json", "value.json.encode.ignore-null-fields": "true" };

/** @param columns may have what comes behind the type, like METADATA, with it */
export function createTable(
  name: string,
  columns: readonly FlinkColumn[],
  options: Readonly<Record<string, string>>,
  partitionedBy?: string,
): string {
  const lines = columns.map((column) => `  ${identifier(column.name)} ${column.type}`);
  const settings = Object.entries(options).map(([option, value]) => `  ${literal(option)} = ${literal(value)}`);
  const partitioned = partitionedBy === undefined ? "" : ` PARTITIONED BY (${identifier(partitionedBy)})`;
  return `CREATE TEMPORARY TABLE ${identifier(name)} (\n${lines.join(",\n")}\n)${partitioned} WITH (\n${settings.join(",\n")}\n)`;
}

export function kafkaOptions({ topic, endpoints, clientProperties = {} }: TopicAccess): Record<string, string> {
  const properties = Object.entries(clientProperties).map(([property, value]) => [`properties.${property}`, value]);
  return {
    connector: "kafka",
    topic,
    "properties.bootstrap.servers": endpoints.kafka,
    ...Object.fromEntries(properties),
  };
}

export const registryApi = ({ registry }: Pick<Endpoints, "registry">) => `${registry}/apis/ccompat/v7`;

/** The bytes of the record's key, in a column of its own. */
export const rawKey = (column: string): Record<string, string> => ({
  "key.format": "raw",
  "key.fields": column,
  "value.fields-include": "EXCEPT_KEY",
});

/** The column of a sink that holds the record's key: of `eventBody.entities[0].entityId`, `key_entity_id`. */
export function keyColumn(path: string): string {
  const last = path.split(".").at(-1) ?? path;
  return `key_${last
    .replace(/\[\d+\]/g, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()}`;
}

/** The key as Flink reads it from the columns of the value; positions, which begin at 0 in a path, begin at 1 in SQL. */
export function keyExpression(path: string): string {
  return path.split(".").map(stepOf).join(".");
}

function stepOf(step: string): string {
  const [name = "", ...positions] = step.split(/[[\]]+/).filter((part) => part !== "");
  return identifier(name) + positions.map((position) => `[${Number(position) + 1}]`).join("");
}
