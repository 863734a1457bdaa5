import type { Problem } from "../problems";
import type { LakeColumn } from "../types";

// biome-ignore lint/suspicious/noExplicitAny: an Avro schema is any JSON
type Json = any;
type Types = Omit<LakeColumn, "name">;

const plain: Readonly<Record<string, Types>> = {
  string: { flink: "STRING", duckdb: "VARCHAR" },
  boolean: { flink: "BOOLEAN", duckdb: "BOOLEAN" },
  int: { flink: "INT", duckdb: "INTEGER" },
  long: { flink: "BIGINT", duckdb: "BIGINT" },
  float: { flink: "FLOAT", duckdb: "FLOAT" },
  double: { flink: "DOUBLE", duckdb: "DOUBLE" },
  bytes: { flink: "BYTES", duckdb: "BLOB" },
  "int date": { flink: "DATE", duckdb: "DATE" },
  "long timestamp-millis": { flink: "TIMESTAMP_LTZ(3)", duckdb: "TIMESTAMP WITH TIME ZONE" },
  "long timestamp-micros": { flink: "TIMESTAMP_LTZ(6)", duckdb: "TIMESTAMP WITH TIME ZONE" },
};
const allowed = [...Object.keys(plain), "bytes decimal", "an array of one of these", 'and "null" beside one of them'];

/** The columns of a lake's files by their Avro schema. Each may be null: a file written before a column was added has none. */
export function lakeColumns(schema: Json, file: string): { columns: LakeColumn[]; problems: Problem[] } {
  if (schema?.type !== "record") {
    const message = "The columns of a lake are the fields of a record.";
    return { columns: [], problems: [{ file, path: "schema", message, given: schema?.type, allowed: "record" }] };
  }
  const columns: LakeColumn[] = [];
  const problems: Problem[] = [];
  for (const { name, type } of schema.fields) {
    const types = typesOf(type);
    if (types) columns.push({ name, ...types });
    else {
      const message = "A lake has no column of this type.";
      problems.push({ file, path: `schema › ${name}`, message, given: type, allowed });
    }
  }
  return { columns, problems };
}

function typesOf(type: Json): Types | undefined {
  if (Array.isArray(type)) {
    const values = type.filter((branch) => branch !== "null");
    return values.length === 1 ? typesOf(values[0]) : undefined;
  }
  const { type: kind, logicalType, precision, scale = 0, items } = typeof type === "string" ? { type } : type;
  if (kind === "bytes" && logicalType === "decimal") {
    const decimal = `DECIMAL(${precision}, ${scale})`;
    return { flink: decimal, duckdb: decimal };
  }
  if (kind === "array") {
    const item = typesOf(items);
    return item && { flink: `ARRAY<${item.flink}>`, duckdb: `${item.duckdb}[]` };
  }
  return plain[logicalType ? `${kind} ${logicalType}` : kind];
}
