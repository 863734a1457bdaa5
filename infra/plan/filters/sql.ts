import { epochMs } from "../shape/sql-text";
import { allPlaces, numberPattern, precision, scale } from "./decimal";
import { type AvroType, boundedArrays } from "./fields";
import { isRefused, parsePattern } from "./pattern";
import { javaPattern } from "./pattern-print";
import {
  type BoundedArray,
  type Condition,
  type Filter,
  flagSpellings,
  type Group,
  type Operator,
  type Value,
} from "./types";

/** A Flink SQL string literal. Nothing but the quote itself has a meaning inside of it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A Flink SQL identifier. */
export const identifier = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
const column = (path: readonly string[]): string => path.map(identifier).join(".");

/**
 * The filter as a Flink SQL expression over the columns of the event, in parentheses, never null. Its lines are not indented
 * by nesting: a literal may hold line ends.
 *
 * Flink has no predicate over the elements of an array, and its planner finds no plan for a correlated
 * EXISTS over UNNEST (2.3: "Missing conversion is FlinkLogicalCorrelate").
 * So a condition on `entities[]` is written out for each position up to the array's bound, and an event beyond the bound
 * matches nothing: `overBound` finds those for the dead letter.
 */
export function condition(filter: Filter): string {
  const bounds = filter.arrays.map((array) => `(${beyond(array)}) IS NOT TRUE`);
  return `(${[...bounds, `(\n${compile(filter.root)}\n) IS TRUE`].join("\n  AND ")})`;
}

/** The condition, never null, of events with more elements in an array than filters look at; they match no filter. */
export function overBound(schema: AvroType): string {
  const arrays = boundedArrays(schema);
  return arrays.length === 0 ? "(FALSE)" : `(${arrays.map((array) => `(${beyond(array)}) IS TRUE`).join(" OR ")})`;
}
const beyond = (array: BoundedArray): string => `CARDINALITY(${column(array.path)}) > ${array.maxItems}`;

export interface InsertArgs {
  /** Table that the events are read from, and table of the filter's output topic: plain names, quoted here. */
  readonly from: string;
  readonly into: string;
  /** Columns of the envelope, in the order of the output table, whose last column is `filterMetadata`. */
  readonly columns: readonly string[];
  /** Expression of the output table's last column, which becomes the record's key. */
  readonly key: string;
}

/** The INSERT that routes the events of one filter, without a semicolon, for a statement set. */
export function insert(filter: Filter, args: InsertArgs): string {
  return [
    `INSERT INTO ${identifier(args.into)}`,
    `SELECT ${args.columns.map(identifier).join(", ")},`,
    `  CAST(ROW(${literal(filter.id)}, ${literal(filter.consumerId)}, ${epochMs("CURRENT_TIMESTAMP")}) AS ${metadataType}),`,
    `  ${args.key}`,
    `FROM ${identifier(args.from)}`,
    `WHERE ${condition(filter)}`,
  ].join("\n");
}

const metadataType = "ROW<`filterId` STRING NOT NULL, `consumerId` STRING NOT NULL, `filteredAt` BIGINT NOT NULL>";

/** `element` is the element that a surrounding sameEntity group, or the condition itself, is tried on. */
function compile(member: Group | Condition, element?: string): string {
  if (member.kind === "condition") {
    const { array, path } = member.field;
    if (!array) return compare(member, column(path));
    if (element === undefined) return anyOf(array, (each) => compile(member, each));
    return compare(member, `${element}.${column(path)}`);
  }
  if (member.sameEntityOf && element === undefined) {
    return anyOf(member.sameEntityOf, (each) => join(member, each));
  }
  return join(member, element);
}

function join(group: Group, element?: string): string {
  const [only, ...others] = group.conditions;
  if (only && others.length === 0) return compile(only, element);
  return group.conditions.map((each) => `(${compile(each, element)})`).join(`\n${group.logic} `);
}

/**
 * Beyond an array's end Flink gives null, which `isNull` must not take for an element. The positions stand in an array and
 * not in an OR, which the planner would take apart: it plans conditions nested 30 deep in 13 s, not 17 s, and 5 in 1 s.
 */
function anyOf(array: BoundedArray, test: (element: string) => string): string {
  const path = column(array.path);
  const positions = Array.from({ length: array.maxItems }, (_, index) => index + 1);
  const tests = positions.map((at) => `CARDINALITY(${path}) >= ${at} AND (${test(`${path}[${at}]`)})`);
  return `ARRAY_CONTAINS(ARRAY[\n${tests.join(",\n")}\n], TRUE)`;
}

function compare(condition: Condition, field: string): string {
  const { field: target, operator, values } = condition;
  const raw = target.key === undefined ? field : `${field}[${literal(target.key)}]`;
  if (operator === "isNull") return `${raw} IS NULL`;
  if (operator === "isNotNull") return `${raw} IS NOT NULL`;
  if (operator === "matches") return `REGEXP(${raw}, ${literal(java(values[0]))})`;
  const isAttribute = target.type === "attribute";
  const type = values[0]?.type;
  if (isAttribute && type === "boolean") return compareFlagText(raw, operator, values);
  const isDecimal = isAttribute && type === "number";
  const left = isDecimal ? asDecimal(raw) : raw;
  const right = values.map((value) => constant(value, isDecimal));
  switch (operator) {
    case "equals":
      return `${left} = ${right[0]}`;
    case "in":
      return isOneOf(left, right, values, isDecimal);
    case "notIn":
      return `${left} IS NOT NULL AND NOT (${isOneOf(left, right, values, isDecimal)})`;
    case "between":
      return `${left} BETWEEN ${right[0]} AND ${right[1]}`;
    default:
      return `${left} ${signs[operator]} ${right[0]}`;
  }
}
/** Longest list that is written with IN. The planner turns IN into ranges: 100 values take it 0.8 s, and 1000 minutes. */
const longestIn = 16;

function isOneOf(left: string, right: readonly string[], values: readonly Value[], isDecimal: boolean): string {
  if (right.length <= longestIn) return `${left} IN (${right.join(", ")})`;
  const [first] = values;
  if (first?.type === "number" && !isDecimal) return `ARRAY_CONTAINS(ARRAY[${right.join(", ")}], ${left})`;
  // Decimals are compared as the text of their ten places: as numbers, a thousand would not fit into a Java method. Uncast,
  // the elements would be VARCHARs as long as the longest of them, and what is looked for cut to that.
  const texts = values.map((value) =>
    value.type === "text" ? value.text : value.type === "number" ? allPlaces(value.text) : "",
  );
  const needle = isDecimal ? `CAST(${left} AS STRING)` : left;
  return `ARRAY_CONTAINS(ARRAY[${texts.map((text) => `CAST(${literal(text)} AS STRING)`).join(", ")}], ${needle})`;
}
const signs = { greaterThan: ">", lessThan: "<", greaterThanOrEqual: ">=", lessThanOrEqual: "<=" } as const;

function java(value: Value | undefined): string {
  const pattern = parsePattern(value?.type === "text" ? value.text : "");
  if (isRefused(pattern)) throw new Error(`A filter with a refused pattern was compiled: ${pattern.reason}`);
  return javaPattern(pattern);
}

/**
 * The text as a number, or null. The pattern comes first: Java reads digits of any script, and would fill the memory with
 * the digits of `1e999999999`.
 */
const asDecimal = (text: string): string =>
  `TRY_CAST(REGEXP_EXTRACT(${text}, ${literal(`^${numberPattern}\\z`)}, 0) AS DECIMAL(${precision}, ${scale}))`;

/** A number is cast from text: as a literal it would be limited to 64 bits, or become a float. */
function constant(value: Value, isDecimal: boolean): string {
  if (value.type === "text") return literal(value.text);
  if (value.type === "boolean") return value.value ? "TRUE" : "FALSE";
  return `CAST(${literal(value.text)} AS ${isDecimal ? `DECIMAL(${precision}, ${scale})` : "BIGINT"})`;
}

function compareFlagText(raw: string, operator: Operator, values: readonly Value[]): string {
  const given = new Set(values.map((value) => value.type === "boolean" && value.value));
  const wanted = [true, false].filter((flag) => given.has(flag) !== (operator === "notIn"));
  const spellings = wanted.flatMap((flag) => flagSpellings[flag ? "true" : "false"]);
  return spellings.length === 0 ? "FALSE" : `${raw} IN (${spellings.map(literal).join(", ")})`;
}
