import { deadLetterOf } from "../../model";
import { createTable, kafkaOptions, rawKey, registryApi, type TopicAccess } from "./flink-tables";
import type { FlinkColumn } from "./flink-types";
import { epochMs, identifier, literal } from "./sql-text";

export interface TopicSourceArgs extends TopicAccess {
  readonly format: "avro" | "json";
  /** Of the record's value, as `avroColumns` or `jsonColumns` gives them. A record without what is NOT NULL here, also inside of a column, cannot be read. */
  readonly columns: readonly FlinkColumn[];
  /** Consumer group. It goes on where its job's savepoint, or else the group, has been, and begins with the earliest record. */
  readonly groupId: string;
  /** Records that can be read, and not be used: those for which the condition over the columns is true. */
  readonly unfit?: { readonly condition: string; readonly reason: string | { readonly sql: string } };
  /** The view has the record as it came, too, in the columns of `recordColumns`: the job has rejections of its own. */
  readonly withRecord?: boolean;
}

export interface TopicSource {
  /** The tables, and the view of the topic's name. */
  readonly statements: readonly string[];
  /** Of the view. Each may be null, as Flink sees it. */
  readonly columns: readonly FlinkColumn[];
  /** The INSERT that fills the dead letter, for the job's statement set. */
  readonly insert: string;
  readonly deadLetter: { readonly name: string; readonly columns: readonly FlinkColumn[] };
}

/** Not a topic's name, so that a job cannot mean it. */
const allRecords = (topic: string) => `records of ${topic}`;
/** With a dot, which no field of Avro has in its name. */
const [error, bytes, key, headers, partition, offset, timestamp] = [
  "value.error",
  "value.bytes",
  "record.key",
  "record.headers",
  "record.partition",
  "record.offset",
  "record.timestamp",
].map(identifier) as [string, string, string, string, string, string, string];
/** What the dead letter takes from one record, unpacked: a compressed batch of a megabyte may hold more. As much as Kafka's producer buffers. */
const largestRecord = 32 * 1024 * 1024;

/**
 * A topic as a job reads it: a table of all records, a view of those that can be used, under the topic's own name, and the dead letter where the others go,
 * bytes unchanged, with reason and origin in headers. Both read the table, which Flink reads once.
 *
 * A record that is no Avro makes a row of nulls, so no column is NOT NULL: Flink would reason `IS NULL` away.
 */
export function topicSource(args: TopicSourceArgs): TopicSource {
  const { topic, unfit } = args;
  const columns = args.columns.map(nullable);
  const unusable = unfit && `(${unfit.condition}) IS TRUE`;
  const ofRecord = args.withRecord ? recordColumns(topic) : [];
  const selected = [
    ...columns.map((column) => identifier(column.name)),
    ...ofRecord.map(({ name, expression }) => `${expression} AS ${identifier(name)}`),
  ];
  const view = [
    `CREATE TEMPORARY VIEW ${identifier(topic)} AS`,
    `SELECT ${selected.join(", ")}`,
    `FROM ${identifier(allRecords(topic))}`,
    `WHERE ${error} IS NULL${unusable ? ` AND NOT (${unusable})` : ""}`,
  ].join("\n");
  const insert = [
    `INSERT INTO ${identifier(deadLetterOf(topic))}`,
    `SELECT ${bytes}, ${key}, MAP_UNION(${headers}, ${texts({ reason: reasonOf(args), ...originOf(topic) })})`,
    `FROM ${identifier(allRecords(topic))}`,
    `WHERE ${error} IS NOT NULL${unusable ? ` OR ${unusable}` : ""}`,
  ].join("\n");
  return {
    statements: [recordsTable(args, columns), view, deadLetterTable(args)],
    columns: [...columns, ...ofRecord.map(({ name, type }) => ({ name, type }))],
    insert,
    deadLetter: { name: deadLetterOf(topic), columns: deadLetterColumns },
  };
}

/** The record as it came, in the order in which a dead letter takes the first three. Its headers have the origin, and lack the reason. */
const recordColumns = (topic: string): (FlinkColumn & { expression: string })[] => [
  { name: "record_value", type: "BYTES", expression: bytes },
  { name: "record_key", type: "BYTES", expression: key },
  {
    name: "record_headers",
    type: "MAP<STRING, BYTES>",
    expression: `MAP_UNION(${headers}, ${texts(originOf(topic))})`,
  },
  { name: "record_partition", type: "INT", expression: partition },
  { name: "record_offset", type: "BIGINT", expression: offset },
  { name: "record_timestamp", type: "TIMESTAMP_LTZ(3)", expression: timestamp },
];

const deadLetterColumns: readonly FlinkColumn[] = [
  { name: "value", type: "BYTES" },
  { name: "key", type: "BYTES" },
  { name: "headers", type: "MAP<STRING, BYTES>" },
];

/** What lies inside of a column may be null, too: Flink takes a field that is NOT NULL for never null also where the whole row is null. */
const nullable = ({ name, type }: FlinkColumn): FlinkColumn => ({ name, type: type.replaceAll(" NOT NULL", "") });

function recordsTable(args: TopicSourceArgs, columns: readonly FlinkColumn[]): string {
  const { topic, endpoints, groupId } = args;
  const lenient = "value.lenient.";
  const inner: Record<string, string> =
    args.format === "json"
      ? { [`${lenient}format`]: "strict-json" }
      : {
          [`${lenient}format`]: "avro-confluent",
          [`${lenient}registry`]: registryApi(endpoints),
          [`${lenient}subject`]: `${topic}-value`,
          [`${lenient}avro-confluent.url`]: registryApi(endpoints),
        };
  const options = {
    ...kafkaOptions(args),
    "properties.group.id": groupId,
    "properties.auto.offset.reset": "earliest",
    "scan.startup.mode": "group-offsets",
    ...rawKey("record.key"),
    "value.format": "lenient",
    [`${lenient}type`]: `ROW<${args.columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(", ")}>`,
    ...inner,
  };
  const metadata = (name: string, type: string, of: string) => ({
    name,
    type: `${type} METADATA FROM '${of}' VIRTUAL`,
  });
  const all = [
    ...columns,
    { name: "record.key", type: "BYTES" },
    metadata("record.headers", "MAP<STRING, BYTES>", "headers"),
    metadata("record.partition", "INT", "partition"),
    metadata("record.offset", "BIGINT", "offset"),
    metadata("record.timestamp", "TIMESTAMP_LTZ(3)", "timestamp"),
    metadata("value.error", "STRING", "value.error"),
    metadata("value.bytes", "BYTES", "value.bytes"),
  ];
  return createTable(allRecords(topic), all, options);
}

function deadLetterTable(args: TopicSourceArgs): string {
  const topic = deadLetterOf(args.topic);
  const columns = deadLetterColumns.map(({ name, type }) => ({
    name,
    type: name === "headers" ? `${type} METADATA` : type,
  }));
  return createTable(topic, columns, {
    ...kafkaOptions({ ...args, topic }),
    "properties.max.request.size": String(largestRecord),
    // What came compressed has to fit as it came.
    "properties.compression.type": "gzip",
    ...rawKey("key"),
    "value.format": "raw",
    "sink.delivery-guarantee": "at-least-once",
  });
}

const reasonOf = ({ unfit }: TopicSourceArgs): string => {
  if (!unfit) return error;
  return `COALESCE(${error}, ${typeof unfit.reason === "string" ? literal(unfit.reason) : unfit.reason.sql})`;
};

/** As the apps write them: apps/lib/dead-letter.ts. */
const originOf = (topic: string) => ({
  "origin-topic": literal(topic),
  "origin-partition": `CAST(${partition} AS STRING)`,
  "origin-offset": `CAST(${offset} AS STRING)`,
  "origin-timestamp": `CAST(${epochMs(timestamp)} AS STRING)`,
});

function texts(expressions: Readonly<Record<string, string>>): string {
  const entries = Object.entries(expressions).map(([name, text]) => `  ${literal(name)}, ENCODE(${text}, 'UTF-8')`);
  return `MAP[\n${entries.join(",\n")}\n]`;
}
