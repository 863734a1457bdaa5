import type { Compatibility } from "../../model";
import type { Incompatibility } from "./avro-compatibility";
import { type JsonSchema, kindOf } from "./json-types";

/**
 * What in `newer` breaks `level`, for schemas that make columns (`jsonColumns`). One version reads another when each value that fits the other's fits its own:
 * nothing more is required, no type and no list of values is narrower. A property that only one of them knows is no obstacle: readers pass over it.
 * `pattern` and limits of numbers and lengths are not compared.
 *
 * @param older versions before it, oldest first; the transitive levels compare with each, the others with the last
 */
export function jsonIncompatibilities(
  older: string | readonly string[],
  newer: string,
  level: Compatibility,
): Incompatibility[] {
  if (level === "NONE") return [];
  const versions = typeof older === "string" ? [older] : older;
  const next = JSON.parse(newer);
  const found: Incompatibility[] = [];
  for (const version of level.endsWith("_TRANSITIVE") ? versions : versions.slice(-1)) {
    const former = JSON.parse(version);
    if (!level.startsWith("FORWARD")) found.push(...unreadable("BACKWARD", next, former, ""));
    if (!level.startsWith("BACKWARD")) found.push(...unreadable("FORWARD", former, next, ""));
  }
  const keys = found.map((one) => JSON.stringify(one));
  return found.filter((_, index) => keys.indexOf(keys[index] as string) === index);
}

/** Where a value that fits the writer's schema may not fit the reader's. */
function unreadable(
  direction: "BACKWARD" | "FORWARD",
  reader: JsonSchema,
  writer: JsonSchema,
  path: string,
): Incompatibility[] {
  const broken = (rule: string, message: string, at = path): Incompatibility => {
    return { path: at, rule: `${direction} ${rule}`, message };
  };
  const [wanted, given] = [kindOf(reader), kindOf(writer)];
  if (wanted !== given && !(wanted === "number" && given === "integer"))
    return [broken("TYPE_MISMATCH", `${given} is read as ${wanted}`)];
  const found: Incompatibility[] = [];
  const nullable = (schema: JsonSchema) => [schema.type].flat().includes("null");
  if (nullable(writer) && !nullable(reader)) found.push(broken("NULL_NOT_ALLOWED", "null is no longer allowed"));
  if (reader.enum) {
    const missing = writer.enum ? writer.enum.filter((value: unknown) => !reader.enum.includes(value)) : ["any text"];
    if (missing.length > 0) found.push(broken("MISSING_ENUM_VALUES", `the values ${missing.join(", ")} are unknown`));
  }
  if (wanted === "array") found.push(...unreadable(direction, reader.items, writer.items, `${path}[]`));
  if (wanted === "object") {
    const inside = (name: string) => (path ? `${path}.${name}` : name);
    for (const name of reader.required ?? []) {
      if (!(writer.required ?? []).includes(name))
        found.push(broken("REQUIRED_FIELD_MISSING", `${name} is required, and was not`, inside(name)));
    }
    for (const [name, schema] of Object.entries(reader.properties ?? {})) {
      const other = writer.properties?.[name];
      if (other) found.push(...unreadable(direction, schema, other, inside(name)));
    }
  }
  return found;
}
