import { UserError } from "../problems";
import { identifier } from "./sql-text";

export interface FlinkColumn {
  readonly name: string;
  /** Flink SQL, with nullability: `BIGINT NOT NULL`, `` ROW<`id` STRING NOT NULL> ``. */
  readonly type: string;
}

// biome-ignore lint/suspicious/noExplicitAny: an Avro schema is any JSON
type Json = any;
interface Scope {
  /** Records, enums and fixed by full name, as far as the schema has been read. */
  readonly named: Map<string, Json>;
  readonly namespace: string;
  /** Full names of the records around, for the end of recursion. */
  readonly inside: readonly string[];
  /** Dotted, for messages. */
  readonly path: string;
}

const plain: Readonly<Record<string, string>> = {
  boolean: "BOOLEAN",
  int: "INT",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  bytes: "BYTES",
  string: "STRING",
};
/** By Avro type and logical type. Others mean nothing to Flink's format, which reads the values as they are. */
const logical: Readonly<Record<string, string>> = {
  "int date": "DATE",
  "int time-millis": "TIME(3)",
  "long timestamp-millis": "TIMESTAMP(3)",
};
/** Flink's format has a type for these, and then refuses to read or write it. */
const unreadable = ["long time-micros", "long timestamp-micros"];

/**
 * The columns of a record schema, given as JSON or its text, with the very types that Flink's `avro-confluent` format derives from it: the format
 * refuses a table that differs from its declared schema.
 *
 * @throws UserError when the schema holds what has no type in Flink.
 */
export function avroColumns(schema: Json): FlinkColumn[] {
  const json = typeof schema === "string" && schema.trim().startsWith("{") ? JSON.parse(schema) : schema;
  if (json?.type !== "record") throw refusal("", "A table is made of a record.", json?.type ?? json);
  return fieldsOf(json, { named: new Map(), namespace: "", inside: [], path: "" });
}

function fieldsOf(record: Json, scope: Scope): FlinkColumn[] {
  const inner = enter(record, scope);
  return record.fields.map((field: Json) => ({
    name: field.name,
    type: flinkType(field.type, { ...inner, path: inner.path ? `${inner.path}.${field.name}` : field.name }),
  }));
}

/** Makes a named type known, and its namespace that of what is inside. */
function enter(definition: Json, scope: Scope): Scope {
  const name = fullName(definition.name, definition.namespace ?? scope.namespace);
  scope.named.set(name, { ...definition, namespace: name.slice(0, Math.max(0, name.lastIndexOf("."))) });
  if (scope.inside.includes(name))
    throw refusal(scope.path, "A record that contains itself has no type in Flink.", name);
  return { ...scope, namespace: name.slice(0, Math.max(0, name.lastIndexOf("."))), inside: [...scope.inside, name] };
}

const fullName = (name: string, namespace: string) =>
  name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;

function flinkType(type: Json, scope: Scope): string {
  if (!Array.isArray(type)) return `${bareType(type, scope)} NOT NULL`;
  const values = type.filter((branch) => branch !== "null" && branch?.type !== "null");
  if (values.length !== 1)
    throw refusal(scope.path, "Flink reads a union only when it is a type, or null and a type.", type);
  return values.length === type.length ? flinkType(values[0], scope) : bareType(values[0], scope);
}

/** Without nullability. */
function bareType(type: Json, scope: Scope): string {
  if (typeof type === "string") {
    const known = scope.named.get(fullName(type, scope.namespace)) ?? scope.named.get(type);
    if (known) return bareType(known, scope);
    if (plain[type]) return plain[type];
    throw refusal(scope.path, "There is no such type.", type);
  }
  const { type: kind, logicalType } = type;
  if (logicalType === "decimal" && (kind === "bytes" || kind === "fixed")) {
    if (kind === "fixed") enter(type, scope);
    return `DECIMAL(${type.precision}, ${type.scale ?? 0})`;
  }
  switch (kind) {
    case "record": {
      const fields = fieldsOf(type, scope).map(({ name, type }) => `${identifier(name)} ${type}`);
      return `ROW<${fields.join(", ")}>`;
    }
    case "enum":
      enter(type, scope);
      return "STRING";
    case "fixed":
      enter(type, scope);
      return `VARBINARY(${type.size})`;
    case "array":
      return `ARRAY<${flinkType(type.items, scope)}>`;
    case "map":
      return `MAP<STRING NOT NULL, ${flinkType(type.values, scope)}>`;
    default:
      if (unreadable.includes(`${kind} ${logicalType}`)) {
        throw refusal(
          scope.path,
          "Flink's format cannot keep microseconds: use milliseconds, or a plain long.",
          logicalType,
        );
      }
      return (typeof kind === "string" && logical[`${kind} ${logicalType}`]) || bareType(kind, scope);
  }
}

function refusal(path: string, message: string, given: unknown): UserError {
  return new UserError([
    { path: path === "" ? "schema" : `schema › ${path}`, message, given, fix: "Change the schema." },
  ]);
}
