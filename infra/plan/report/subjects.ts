import { incompatibilities } from "../shape/avro-compatibility";
import type { SubjectPlan } from "../types";
import { type Change, changesOf } from "./change";

export function subjectChanges(before: readonly SubjectPlan[], after: readonly SubjectPlan[]): Change[] {
  return changesOf(before, after, {
    added: ({ compatibility }) => [compatibility],
    removed: () => "records that were written with it can no longer be read",
    changed: (was, is) => {
      const level = was.compatibility === is.compatibility ? [] : [`level ${was.compatibility} → ${is.compatibility}`];
      if (was.schema === is.schema) return { how: level };
      const broken = was.schemaType === "AVRO" ? incompatibilities(was.schema, is.schema, is.compatibility) : [];
      const fields = fieldChanges(was.schema, is.schema);
      const verdict = broken.length === 0 ? `allowed by ${is.compatibility}` : `breaks ${is.compatibility}`;
      const how = [...level, ...(fields.length > 0 ? fields : ["text changed, fields did not"]), verdict];
      const places = broken.map(({ path, message }) => (path ? `${path}: ${message}` : message));
      return { how, ...(places.length > 0 && { risk: places.join("; ") }) };
    },
  });
}

function fieldChanges(before: string, after: string): string[] {
  const [was, is] = [fieldsOf(JSON.parse(before)), fieldsOf(JSON.parse(after))];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((path) => {
    const [former, now] = [was.get(path), is.get(path)];
    if (former === now) return [];
    if (former === undefined) return [`+ ${path} ${now}`];
    return now === undefined ? [`- ${path}`] : [`${path} ${former} → ${now}`];
  });
}

interface NamedType {
  readonly type: string | NamedType;
  readonly logicalType?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly name: string; readonly type: Avro }[];
  readonly items?: Avro;
  readonly values?: Avro;
  readonly symbols?: readonly string[];
}
type Avro = string | NamedType | readonly Avro[];

/** Every field by its path, dots between fields, `[]` for the items of an array, `{}` for the values of a map, with its type in one word. */
function fieldsOf(schema: Avro): Map<string, string> {
  const fields = new Map<string, string>();
  const named = new Map<string, NamedType>();
  walk(schema, "", []);
  return fields;

  function walk(type: Avro, path: string, within: readonly string[]): void {
    if (Array.isArray(type)) for (const one of type) walk(one, path, within);
    else if (typeof type === "string") {
      const known = named.get(type) ?? [...named].find(([name]) => name.endsWith(`.${type}`))?.[1];
      if (known && !within.includes(type)) walk(known, path, [...within, type]);
    } else {
      const one = type as NamedType;
      if (one.name) named.set(one.namespace ? `${one.namespace}.${one.name}` : one.name, one);
      for (const field of one.fields ?? []) {
        const at = path ? `${path}.${field.name}` : field.name;
        fields.set(at, wordOf(field.type));
        walk(field.type, at, one.name ? [...within, one.name] : within);
      }
      if (one.items) walk(one.items, `${path}[]`, within);
      if (one.values) walk(one.values, `${path}{}`, within);
    }
  }
}

function wordOf(type: Avro): string {
  if (Array.isArray(type)) return type.map(wordOf).join(" or ");
  if (typeof type === "string") return type;
  const { logicalType, items, values, symbols, name, type: base } = type as NamedType;
  if (logicalType) return logicalType;
  if (items) return `array of ${wordOf(items)}`;
  if (values) return `map of ${wordOf(values)}`;
  if (symbols) return `one of ${symbols.join(", ")}`;
  return name ?? wordOf(base);
}
