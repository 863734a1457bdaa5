import { toDecimal } from "./decimal";
import { isRefused, parsePattern } from "./pattern";
import { javascriptPattern } from "./pattern-print";
import {
  type BoundedArray,
  type Condition,
  type Field,
  type Filter,
  flagSpellings,
  type Group,
  type Logic,
  type Value,
} from "./types";

/** Why a filter, or a part of it, holds of an event or does not. */
export type Explanation = { readonly holds: boolean } & (
  | { readonly kind: "group"; readonly logic: Logic; readonly parts: readonly Explanation[] }
  /** A sameEntity group: tried on one element after the other. */
  | { readonly kind: "same entity"; readonly array: BoundedArray; readonly elements: readonly Explanation[] }
  | { readonly kind: "condition"; readonly condition: Condition; readonly seen: readonly Seen[] }
  /** More elements than filters look at: matches nothing, whatever the conditions. */
  | { readonly kind: "beyond the bound"; readonly array: BoundedArray; readonly length: number }
);

/** A value that a condition was tried on: the only one, or that of one element. */
export interface Seen {
  /** Undefined where it was null, missing, or not of the schema's type. */
  readonly value: string | bigint | boolean | undefined;
  readonly holds: boolean;
  /** Position of the element, from 0; absent for a field outside of arrays. */
  readonly element?: number;
}

/** Gives the same answer as the compiled SQL on Flink. `event` is the event as JSON; anything else is an event without fields. */
export function evaluate(filter: Filter, event: unknown): Explanation {
  for (const array of filter.arrays) {
    const { length } = elementsOf(event, array);
    if (length > array.maxItems) return { kind: "beyond the bound", holds: false, array, length };
  }
  return explain(filter.root, event);
}

interface Element {
  readonly value: unknown;
  readonly position: number;
}

function explain(member: Group | Condition, event: unknown, element?: Element): Explanation {
  if (member.kind === "condition") return explainCondition(member, event, element);
  const array = element ? undefined : member.sameEntityOf;
  if (!array) return explainGroup(member, event, element);
  const elements = elementsOf(event, array).map((value, position) => explainGroup(member, event, { value, position }));
  return { kind: "same entity", holds: elements.some((each) => each.holds), array, elements };
}

function explainGroup(group: Group, event: unknown, element?: Element): Explanation {
  const parts = group.conditions.map((each) => explain(each, event, element));
  const holds = group.logic === "AND" ? parts.every((part) => part.holds) : parts.some((part) => part.holds);
  return { kind: "group", holds, logic: group.logic, parts };
}

function explainCondition(condition: Condition, event: unknown, element?: Element): Explanation {
  const { field } = condition;
  const see = (from: unknown, position?: number): Seen => {
    const value = read(field, from);
    return { value, holds: test(condition, value), ...(position !== undefined && { element: position }) };
  };
  const seen = !field.array
    ? [see(event)]
    : element
      ? [see(element.value, element.position)]
      : elementsOf(event, field.array).map((value, position) => see(value, position));
  return { kind: "condition", holds: seen.some((each) => each.holds), condition, seen };
}

function follow(from: unknown, path: readonly string[]): unknown {
  let at = from;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function elementsOf(event: unknown, array: BoundedArray): readonly unknown[] {
  const elements = follow(event, array.path);
  return Array.isArray(elements) ? elements : [];
}

function read(field: Field, from: unknown): Seen["value"] {
  const value = follow(from, field.key === undefined ? field.path : [...field.path, field.key]);
  switch (field.type) {
    case "whole":
      return typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value as number) : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    default:
      return typeof value === "string" ? value : undefined;
  }
}

function test(condition: Condition, seen: Seen["value"]): boolean {
  const { field, operator, values } = condition;
  if (operator === "isNull") return seen === undefined;
  if (operator === "isNotNull") return seen !== undefined;
  if (seen === undefined) return false;
  if (operator === "matches") return matches(values[0], String(seen));
  const left = field.type === "attribute" ? asType(values[0]?.type, String(seen)) : seen;
  if (left === undefined) return false;
  const right = values.map((value) => constant(value, field));
  const [first, second] = right as [Comparable, Comparable];
  switch (operator) {
    case "equals":
      return left === first;
    case "in":
      return right.includes(left);
    case "notIn":
      return !right.includes(left);
    case "greaterThan":
      return left > first;
    case "lessThan":
      return left < first;
    case "greaterThanOrEqual":
      return left >= first;
    case "lessThanOrEqual":
      return left <= first;
    case "between":
      return left >= first && left <= second;
  }
}

type Comparable = string | bigint | boolean;

/** An attribute's text as what the filter compares it with; undefined when it is none. */
function asType(type: Value["type"] | undefined, text: string): Comparable | undefined {
  if (type === "number") return toDecimal(text);
  if (type !== "boolean") return text;
  if ((flagSpellings.true as readonly string[]).includes(text)) return true;
  return (flagSpellings.false as readonly string[]).includes(text) ? false : undefined;
}

function constant(value: Value, field: Field): Comparable | undefined {
  if (value.type === "text") return value.text;
  if (value.type === "boolean") return value.value;
  return field.type === "whole" ? BigInt(value.text) : toDecimal(value.text);
}

function matches(value: Value | undefined, text: string): boolean {
  const pattern = parsePattern(value?.type === "text" ? value.text : "");
  return !isRefused(pattern) && javascriptPattern(pattern).test(text);
}
