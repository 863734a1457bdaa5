import type { Problem } from "../problems";
import type { Column, TableShape } from "../types";
import type { ColumnShape } from "./catalogue";
import { defaultOf } from "./debezium-default";
import { type AvroJson, capturedType, captureField, supportedTypes } from "./debezium-types";

/**
 * Options of Debezium's connector that the schemas below rest on. Numerics and instants arrive as text, so that no digit is lost; what cannot be
 * converted stops the capture and is not left out in silence.
 */
export const schemaOptions = {
  "decimal.handling.mode": "string",
  "time.precision.mode": "connect",
  "schema.name.adjustment.mode": "avro",
  "provide.transaction.metadata": "false",
  "event.converting.failure.handling.mode": "fail",
} as const satisfies Record<string, string>;

export interface ChangeSchemasArgs {
  /** Debezium's `topic.prefix`. */
  readonly capture: string;
  /** Name of the database, and folder of its migrations. */
  readonly database: string;
  readonly table: TableShape;
}

/**
 * The schemas that Debezium registers for the topic `<capture>.public.<table>`: JSON text of an Avro record for the key (the primary key) and for the
 * value (the envelope). Equal letter by letter, but for defaults of `real` and `double precision` (2.0 there, 2 here), so that registering them
 * first makes no second version. Columns of unsupported types, and generated ones, are left out.
 */
export function changeSchemas({ capture, database, table }: ChangeSchemasArgs): {
  key: string;
  value: string;
  problems: Problem[];
} {
  const namespace = avroName(`${capture}.public.${table.name}`);
  const isCaptured = (column: Column) => capturedType(column) !== undefined && !isGenerated(column);
  const fieldOf = (column: Column) => captureField(column, capturedType(column) ?? { type: "string" });
  const value = {
    type: "record",
    name: "Value",
    fields: table.columns.filter(isCaptured).map(fieldOf),
    "connect.name": `${namespace}.Value`,
  };
  const keyColumns = table.primaryKey.flatMap((name) => table.columns.filter((column) => column.name === name));
  const key = {
    type: "record",
    name: "Key",
    namespace,
    fields: keyColumns.filter(isCaptured).map(fieldOf),
    "connect.name": `${namespace}.Key`,
  };
  return {
    key: JSON.stringify(key),
    value: JSON.stringify(envelope(namespace, value)),
    problems: table.columns.flatMap((column) => checkColumn(database, table, column)),
  };
}

const isGenerated = (column: Column) => (column as ColumnShape).generated === true;

/** Debezium's `schema.name.adjustment.mode` avro: other characters than Avro allows in names become underscores. */
const avroName = (name: string) => name.replace(/[^A-Za-z0-9_.]/g, "_").replace(/^[^A-Za-z_]/, "_");

const optional = (name: string, type: AvroJson) => ({ name, type: ["null", type], default: null });
const required = (name: string, type: AvroJson) => ({ name, type });

/** Where a change comes from. */
const source = {
  type: "record",
  name: "Source",
  namespace: "io.debezium.connector.postgresql",
  fields: [
    ...["version", "connector", "name"].map((name) => required(name, "string")),
    required("ts_ms", "long"),
    {
      name: "snapshot",
      type: [
        {
          type: "string",
          "connect.version": 1,
          "connect.parameters": {
            allowed: "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental",
          },
          "connect.default": "false",
          "connect.name": "io.debezium.data.Enum",
        },
        "null",
      ],
      default: "false",
    },
    required("db", "string"),
    optional("sequence", "string"),
    optional("ts_us", "long"),
    optional("ts_ns", "long"),
    required("schema", "string"),
    required("table", "string"),
    ...["txId", "lsn", "xmin"].map((name) => optional(name, "long")),
    optional("origin", "string"),
    optional("origin_lsn", "long"),
  ],
  "connect.version": 1,
  "connect.name": "io.debezium.connector.postgresql.Source",
};

const transaction = {
  type: "record",
  name: "block",
  namespace: "event",
  fields: [required("id", "string"), required("total_order", "long"), required("data_collection_order", "long")],
  "connect.version": 1,
  "connect.name": "event.block",
};

function envelope(namespace: string, value: AvroJson): AvroJson {
  return {
    type: "record",
    name: "Envelope",
    namespace,
    fields: [
      optional("before", value),
      optional("after", "Value"),
      required("source", source),
      optional("transaction", transaction),
      required("op", "string"),
      ...["ts_ms", "ts_us", "ts_ns"].map((name) => optional(name, "long")),
    ],
    "connect.version": 2,
    "connect.name": `${namespace}.Envelope`,
  };
}

function checkColumn(database: string, table: TableShape, column: Column): Problem[] {
  const place = { file: `migrations/${database}`, path: `${table.name} › ${column.name}` };
  const problems: Problem[] = [];
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(column.name)) {
    const message = "A captured column needs a name that Avro takes.";
    problems.push({
      ...place,
      message,
      given: column.name,
      allowed: "letters, digits and underscores, not beginning with a digit",
      fix: "Rename the column.",
    });
  }
  if (!capturedType(column)) {
    const fix = column.type.startsWith("timestamp")
      ? "Use timestamp with time zone."
      : "Change its type, or capture a table without it.";
    problems.push({
      ...place,
      message: "A column of this type cannot be captured.",
      given: column.type,
      allowed: supportedTypes,
      fix,
    });
    return problems;
  }
  if (isGenerated(column)) {
    const message =
      "Postgres leaves generated columns out of the changes it sends, so the column would come with the snapshot only.";
    problems.push({ ...place, message, fix: "Make it an ordinary column, or compute it where it is read." });
  }
  const value = defaultOf(column);
  if (value !== undefined && column.nullable) {
    const message =
      "The column may be null and has a default: in its topic, each null would be replaced by the default.";
    problems.push({ ...place, message, given: value, fix: "Make the column NOT NULL, or drop the default." });
  }
  if (
    typeof value === "number" &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    column.type === "bigint"
  ) {
    const message = "A schema is JSON, which many programs cannot read with a default as large as this.";
    problems.push({
      ...place,
      message,
      given: value,
      allowed: `-${Number.MAX_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
      fix: "Use another default.",
    });
  }
  return problems;
}
