import type { Endpoints } from "../types";
import type { FlinkColumn } from "./flink-types";
import { identifier, literal } from "./sql-text";

export { changeView } from "./change-view";
export { avroColumns, type FlinkColumn } from "./flink-types";

export interface KafkaTableArgs {
  /** Of the table. */
  readonly name: string;
  readonly topic: string;
  /** Of the record's value, from `avroColumns`. */
  readonly columns: readonly FlinkColumn[];
  /**
   * Text of the declared schema, written with its own id; `columns` must be its columns. Needed for what is written. A source that has one reads
   * with it, otherwise with a schema made from the columns.
   */
  readonly valueSchema?: string;
  /** Default `<topic>-value`. */
  readonly subject?: string;
  /** Path to the value's field that is the record's key. The table of a sink then has a column for it, last: `keyColumn(field)`. */
  readonly key?: { readonly field: string };
  readonly endpoints: Pick<Endpoints, "kafka" | "registry">;
  /** Of Kafka's client, without the prefix `properties.`. */
  readonly clientProperties?: Readonly<Record<string, string>>;
  /** A dead letter is written without a key, with a last column `headers`, a map of text to bytes. */
  readonly mode: "source" | "sink" | "dead letter";
  /** Consumer group of a source. It goes on where its job's savepoint, or else the group, has been, and begins with the earliest record. */
  readonly groupId?: string;
  /** Columns of a source that tell where a record stands, by Kafka's names. */
  readonly metadata?: { readonly partition?: boolean; readonly offset?: boolean; readonly timestamp?: boolean };
}

export interface FlinkTable {
  readonly sql: string;
  /** All columns, in order. */
  readonly columns: readonly FlinkColumn[];
}

/** A topic as a table of Flink, its values in Avro with the registry's ids. */
export function kafkaTable(args: KafkaTableArgs): FlinkTable {
  const { name, columns, mode, key } = args;
  const extra: FlinkColumn[] = [];
  const suffix = new Map<string, string>();
  if (mode === "sink" && key) extra.push({ name: keyColumn(key.field), type: "STRING" });
  if (mode === "dead letter") {
    extra.push({ name: "headers", type: "MAP<STRING NOT NULL, BYTES>" });
    suffix.set("headers", " METADATA");
  }
  if (mode === "source") {
    for (const column of metadataColumns) {
      if (!args.metadata?.[column.name]) continue;
      extra.push(column);
      suffix.set(column.name, " METADATA VIRTUAL");
    }
  }
  const all = [...(mode === "source" && !args.valueSchema ? columns.map(nullSafe) : columns), ...extra];
  const lines = all.map((column) => `  ${identifier(column.name)} ${column.type}${suffix.get(column.name) ?? ""}`);
  const options = Object.entries(tableOptions(args)).map(
    ([option, value]) => `  ${literal(option)} = ${literal(value)}`,
  );
  return {
    sql: `CREATE TEMPORARY TABLE ${identifier(name)} (\n${lines.join(",\n")}\n) WITH (\n${options.join(",\n")}\n)`,
    columns: all,
  };
}

/**
 * What lies inside of a column may be null. Flink takes a field that is NOT NULL in its row for never null, also where the whole row is null or an
 * array has no such position, and then reasons IS NULL and COALESCE away.
 */
function nullSafe({ name, type }: FlinkColumn): FlinkColumn {
  const [, inner = "", own = ""] = /^(.*?)( NOT NULL)?$/s.exec(type) ?? [];
  return { name, type: inner.replaceAll(" NOT NULL", "") + own };
}

const metadataColumns = [
  { name: "partition", type: "INT NOT NULL" },
  { name: "offset", type: "BIGINT NOT NULL" },
  { name: "timestamp", type: "TIMESTAMP_LTZ(3) NOT NULL" },
] as const;

function tableOptions(args: KafkaTableArgs): Record<string, string> {
  const { topic, endpoints, mode, key, groupId, clientProperties = {}, valueSchema, subject = `${topic}-value` } = args;
  const format = "value.avro-confluent";
  const properties = Object.entries(clientProperties).map(([property, value]) => [`properties.${property}`, value]);
  const common = {
    connector: "kafka",
    topic,
    "properties.bootstrap.servers": endpoints.kafka,
    ...Object.fromEntries(properties),
    "value.format": "avro-confluent",
    [`${format}.url`]: `${endpoints.registry}/apis/ccompat/v7`,
    ...(valueSchema && { [`${format}.schema`]: valueSchema }),
  };
  if (mode === "source") {
    return {
      ...common,
      ...(groupId && { "properties.group.id": groupId }),
      "properties.auto.offset.reset": "earliest",
      "scan.startup.mode": "group-offsets",
    };
  }
  return {
    ...common,
    [`${format}.subject`]: subject,
    ...(key &&
      mode === "sink" && {
        "key.format": "raw",
        "key.fields": keyColumn(key.field),
        "value.fields-include": "EXCEPT_KEY",
      }),
    "sink.delivery-guarantee": "at-least-once",
  };
}

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
