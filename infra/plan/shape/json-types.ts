import type { Problem } from "../problems";
import type { FlinkColumn } from "./flink-types";
import { identifier } from "./sql-text";

// biome-ignore lint/suspicious/noExplicitAny: a JSON Schema is any JSON
export type JsonSchema = any;

const plain: Readonly<Record<string, string>> = {
  string: "STRING",
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
};
/** What of JSON Schema changes the shape of a value, and has no column of one type. */
const shapeless = [
  "$ref",
  "$dynamicRef",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "patternProperties",
  "prefixItems",
  "dependentSchemas",
];

/**
 * The columns of an object schema. `integer` is BIGINT, and INT with `"format": "int32"`; `number` is DOUBLE: write money as a `string`. A column may be null
 * unless its field is required and its type does not list "null". An object with `properties` is a ROW, one with `additionalProperties` alone a MAP.
 */
export const jsonColumns = (schema: JsonSchema): FlinkColumn[] => fieldsOf(schema);

function fieldsOf(schema: JsonSchema): FlinkColumn[] {
  const required: readonly string[] = schema.required ?? [];
  return Object.entries<JsonSchema>(schema.properties).map(([name, field]) => ({
    name,
    type: required.includes(name) && !mayBeNull(field) ? `${typeOf(field)} NOT NULL` : typeOf(field),
  }));
}

/** The schema's type without "null"; several types give undefined. */
export function kindOf(schema: JsonSchema): string | undefined {
  const types = [schema?.type].flat().filter((type) => type !== "null");
  return types.length === 1 ? types[0] : undefined;
}

const mayBeNull = (schema: JsonSchema) => Array.isArray(schema.type) && schema.type.includes("null");

/** Without nullability. */
function typeOf(schema: JsonSchema): string {
  const kind = kindOf(schema) as string;
  const inside = (value: JsonSchema) => `${typeOf(value)}${mayBeNull(value) ? "" : " NOT NULL"}`;
  if (kind === "array") return `ARRAY<${inside(schema.items)}>`;
  if (kind === "object" && !schema.properties) return `MAP<STRING NOT NULL, ${inside(schema.additionalProperties)}>`;
  if (kind === "object")
    return `ROW<${fieldsOf(schema)
      .map(({ name, type }) => `${identifier(name)} ${type}`)
      .join(", ")}>`;
  return kind === "integer" && schema.format === "int32" ? "INT" : (plain[kind] as string);
}

/** What in a schema makes no columns, with the place of each. */
export function refusedInJson(schema: JsonSchema): Problem[] {
  if (kindOf(schema) === "object" && schema.properties) return refused(schema, "");
  return [
    {
      path: "schema",
      message: "A table is made of an object with properties.",
      given: schema?.type,
      fix: 'Write "type": "object" and "properties".',
    },
  ];
}

function refused(schema: JsonSchema, path: string): Problem[] {
  const place = path === "" ? "schema" : `schema › ${path}`;
  const found = shapeless.filter((word) => schema?.[word] !== undefined);
  if (found.length > 0) {
    const message = `A column has one shape, and ${found.join(", ")} can give it several.`;
    return [{ path: place, message, given: found, fix: "Write the properties out." }];
  }
  const kind = kindOf(schema);
  switch (kind) {
    case "array":
      return refused(schema.items, `${path}[]`);
    case "object": {
      const { properties, additionalProperties, required = [] } = schema;
      if (!properties) return refused(additionalProperties, `${path}{}`);
      const missing = required.filter((name: string) => !Object.hasOwn(properties, name));
      return [
        ...missing.map((name: string) => ({
          path: place,
          message: `The field ${name} is required, and there is no such property.`,
          given: name,
          allowed: Object.keys(properties),
        })),
        ...Object.entries<JsonSchema>(properties).flatMap(([name, field]) =>
          refused(field, path ? `${path}.${name}` : name),
        ),
      ];
    }
    default:
      if (kind && plain[kind]) return [];
      return [
        {
          path: place,
          message: "A column has one type.",
          given: schema?.type ?? schema,
          allowed: [...Object.keys(plain), "array", "object", 'and "null" beside one of them'],
        },
      ];
  }
}
