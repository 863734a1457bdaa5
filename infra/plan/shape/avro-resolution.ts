import type { Type } from "avsc";

/** The rules of Avro's schema resolution, by the names that Avro's own checker gives to breaking them. */
export type ResolutionRule =
  | "TYPE_MISMATCH"
  | "NAME_MISMATCH"
  | "FIXED_SIZE_MISMATCH"
  | "MISSING_ENUM_SYMBOLS"
  | "MISSING_UNION_BRANCH"
  | "READER_FIELD_MISSING_DEFAULT_VALUE";

export interface Finding {
  readonly path: string;
  readonly rule: ResolutionRule;
  readonly message: string;
}

/** What avsc's types hold beyond what its declarations say: every kind of type has a part of these. */
type AnyType = Type & {
  name: string;
  aliases: string[];
  fields: AnyField[];
  types: AnyType[];
  symbols: string[];
  itemsType: AnyType;
  valuesType: AnyType;
  size: number;
  default: unknown;
};
interface AnyField {
  name: string;
  aliases: string[];
  type: AnyType;
  defaultValue(): unknown;
}

interface Walk {
  /** Which of the two versions is the reader; messages tell the change from older to newer. */
  readonly readerIs: "newer" | "older";
  /** Pairs of records already compared; a pair under comparison counts as readable, which makes recursive types end. */
  readonly compared: Map<string, readonly Finding[]>;
}

const promotions: Record<string, readonly string[]> = {
  long: ["int"],
  float: ["int", "long"],
  double: ["int", "long", "float"],
  string: ["bytes"],
  bytes: ["string"],
};

/** Why `reader` cannot read what `writer` wrote, place by place; empty when it can. */
export function findings(reader: Type, writer: Type, readerIs: "newer" | "older"): Finding[] {
  const walk: Walk = { readerIs, compared: new Map() };
  return [...new Set(compare(reader as AnyType, writer as AnyType, "", walk))];
}

function compare(reader: AnyType, writer: AnyType, path: string, walk: Walk): readonly Finding[] {
  if (isUnion(writer)) return compareBranches(reader, writer, path, walk);
  if (isUnion(reader)) return compareWithUnion(reader, writer, path, walk);
  const kind = reader.typeName;
  if (kind !== writer.typeName && !(promotions[kind] ?? []).includes(writer.typeName)) {
    return [finding(path, "TYPE_MISMATCH", `the type changed from ${change(reader, writer, walk)}`)];
  }
  switch (kind) {
    case "array":
      return compare(reader.itemsType, writer.itemsType, `${path}[]`, walk);
    case "map":
      return compare(reader.valuesType, writer.valuesType, `${path}{}`, walk);
    case "fixed":
    case "enum":
    case "record":
      if (!namesOf(reader).includes(writer.name)) {
        return [finding(path, "NAME_MISMATCH", `the name of the ${kind} changed from ${change(reader, writer, walk)}`)];
      }
      if (kind === "fixed") return compareFixed(reader, writer, path, walk);
      return kind === "enum" ? compareEnums(reader, writer, path, walk) : compareRecords(reader, writer, path, walk);
    default:
      return [];
  }
}

/** Everything the writer may choose must be readable. */
function compareBranches(reader: AnyType, writer: AnyType, path: string, walk: Walk): readonly Finding[] {
  return writer.types.flatMap((branch) => {
    if (isUnion(reader)) return compareWithUnion(reader, branch, path, walk);
    const found = compare(reader, branch, path, walk);
    const whole = found.some(
      ({ rule, path: at }) => at === path && (rule === "TYPE_MISMATCH" || rule === "NAME_MISMATCH"),
    );
    return whole ? [missingBranch(branch, path, walk)] : found;
  });
}

function compareWithUnion(reader: AnyType, writer: AnyType, path: string, walk: Walk): readonly Finding[] {
  let nearest: readonly Finding[] | undefined;
  for (const branch of reader.types) {
    const found = compare(branch, writer, path, walk);
    if (found.length === 0) return [];
    const isMeant =
      branch.typeName === writer.typeName && (branch.name === undefined || namesOf(branch).includes(writer.name));
    if (isMeant) nearest = found;
  }
  return nearest ?? [missingBranch(writer, path, walk)];
}

function missingBranch(branch: AnyType, path: string, walk: Walk): Finding {
  const what = branch.typeName === "null" ? "null" : `type ${nameOf(branch)}`;
  const message =
    walk.readerIs === "newer"
      ? `${what} is no longer allowed`
      : `${what} is newly allowed, and readers of the older version do not know it`;
  return finding(path, "MISSING_UNION_BRANCH", message);
}

function compareFixed(reader: AnyType, writer: AnyType, path: string, walk: Walk): readonly Finding[] {
  if (reader.size === writer.size) return [];
  const [from, to] = walk.readerIs === "newer" ? [writer.size, reader.size] : [reader.size, writer.size];
  return [finding(path, "FIXED_SIZE_MISMATCH", `the size of the fixed changed from ${from} to ${to} bytes`)];
}

function compareEnums(reader: AnyType, writer: AnyType, path: string, walk: Walk): readonly Finding[] {
  const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
  if (unknown.length === 0 || reader.default !== undefined) return [];
  const symbols = `${unknown.length === 1 ? "the enum symbol" : "the enum symbols"} ${unknown.join(", ")}`;
  const message =
    walk.readerIs === "newer"
      ? `${symbols} removed, and the newer version has no default`
      : `${symbols} added, and the older version has no default to read as`;
  return [finding(path, "MISSING_ENUM_SYMBOLS", message)];
}

function compareRecords(reader: AnyType, writer: AnyType, path: string, walk: Walk): readonly Finding[] {
  const pair = `${reader.name}:${writer.name}`;
  const known = walk.compared.get(pair);
  if (known) return known;
  walk.compared.set(pair, []);
  const found = reader.fields.flatMap((field) => {
    const at = path === "" ? field.name : `${path}.${field.name}`;
    const names = namesOf(field);
    const written = writer.fields.filter(({ name }) => names.includes(name));
    if (written.length > 1) {
      const both = written.map(({ name }) => name).join(", ");
      return [finding(at, "NAME_MISMATCH", `the aliases of the field match several fields: ${both}`)];
    }
    if (written[0]) return compare(field.type, written[0].type, at, walk);
    if (field.defaultValue() !== undefined) return [];
    const message =
      walk.readerIs === "newer"
        ? "field added without default"
        : "field removed that had no default in the older version";
    return [finding(at, "READER_FIELD_MISSING_DEFAULT_VALUE", message)];
  });
  walk.compared.set(pair, found);
  return found;
}

const finding = (path: string, rule: ResolutionRule, message: string): Finding => ({ path, rule, message });
const isUnion = (type: AnyType) => type.typeName.startsWith("union:");
const namesOf = (named: { name: string; aliases: string[] }) => [named.name, ...(named.aliases ?? [])];
const nameOf = (type: AnyType): string => type.name ?? type.typeName;

function change(reader: AnyType, writer: AnyType, walk: Walk): string {
  return walk.readerIs === "newer"
    ? `${nameOf(writer)} to ${nameOf(reader)}`
    : `${nameOf(reader)} to ${nameOf(writer)}`;
}
