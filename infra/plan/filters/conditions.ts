import { isMap } from "yaml";
import { findField, isFieldError, listFields } from "./fields";
import {
  type Context,
  type Entries,
  given,
  type Place,
  readFlag,
  readList,
  readMap,
  readText,
  report,
  trim,
} from "./reader";
import { type BoundedArray, type Condition, type Field, type Group, type Operator, operators } from "./types";
import { readValues } from "./values";

/** Nobody nests as deep; Flink's planner takes more than a minute over conditions on elements 40 deep. */
export const maxDepth = 50;

/** Values that one filter compares with, on each position of a list anew. With 24 000 the planner took over 100 s; with 8000, 8 s. */
export const maxCompared = 10_000;

const groupKeys = ["logic", "sameEntity", "conditions"];
const conditionKeys = ["field", "operator", "value"];

/** Reads the `logic`, `sameEntity` and `conditions` of a filter or a group. Undefined after problems. */
export function readGroup(
  context: Context,
  at: Place,
  entries: Entries,
  inside?: { sameEntity: boolean },
  depth = 1,
): Group | undefined {
  const logic = entries.has("logic") ? readText(context, at, entries, "logic", ["AND", "OR"]) : "AND";
  const inherited = inside?.sameEntity ?? false;
  const sameEntity = readFlag(context, entries, "sameEntity", inherited);
  if (inherited && sameEntity === false) {
    report(context, entries.get("sameEntity") as Place, {
      message: "A group inside a group with sameEntity: true cannot leave it.",
      given: false,
      fix: "Remove it here, or move this group out.",
    });
  }
  const list = entries.get("conditions");
  if (!list) {
    report(context, trim(at), { message: "The key conditions is missing." });
    return undefined;
  }
  const places = readList(context, list, "conditions");
  if (places?.length === 0) {
    report(context, list, {
      message: "The list of conditions is empty.",
      fix: "Add a condition, or remove the group.",
    });
  }
  const conditions = (places ?? []).map((place) =>
    readMember(context, place, { sameEntity: sameEntity === true }, depth),
  );
  if (!logic || sameEntity === undefined || conditions.length === 0 || conditions.includes(undefined)) return undefined;
  const members = conditions as (Group | Condition)[];
  const group: Group = { kind: "group", logic: logic as Group["logic"], conditions: members };
  return sameEntity && !inherited ? bind(context, entries.get("sameEntity") as Place, group) : group;
}

function readMember(
  context: Context,
  at: Place,
  inside: { sameEntity: boolean },
  depth: number,
): Group | Condition | undefined {
  if (isMap(at.node) && (at.node.has("conditions") || (at.node.has("logic") && !at.node.has("operator")))) {
    if (depth >= maxDepth) {
      report(context, at, { message: `Groups are nested more than ${maxDepth} deep.` });
      return undefined;
    }
    const entries = readMap(context, at, groupKeys);
    return entries && readGroup(context, at, entries, inside, depth + 1);
  }
  const entries = readMap(context, at, conditionKeys);
  return entries && readCondition(context, at, entries);
}

function readCondition(context: Context, at: Place, entries: Entries): Condition | undefined {
  const before = context.problems.length;
  const field = readField(context, at, entries);
  const operator = readText(context, at, entries, "operator", Object.keys(operators)) as Operator | undefined;
  const values = operator && readValues(context, at, entries.get("value"), field, operator);
  if (!field || !operator || !values || context.problems.length > before) return undefined;
  return { kind: "condition", field, operator, values };
}

function readField(context: Context, at: Place, entries: Entries): Field | undefined {
  const text = readText(context, at, entries, "field");
  if (text === undefined) return undefined;
  const field = findField(text, context.schema, context.arrays);
  if (!isFieldError(field)) return field;
  report(context, entries.get("field") as Place, {
    message: field.message,
    given: text,
    allowed: listFields(context.schema),
    ...(field.fix !== undefined && { fix: field.fix }),
  });
  return undefined;
}

/** Finds the one array that a `sameEntity` group is about. */
function bind(context: Context, flag: Place, group: Group): Group | undefined {
  const arrays = arraysOf(group);
  const [array] = arrays;
  if (array && arrays.length === 1) return { ...group, sameEntityOf: array };
  const message = array
    ? `sameEntity: true stands on a group about several lists: ${arrays.map(({ path }) => path.join(".")).join(", ")}.`
    : "sameEntity: true stands on a group without any condition on the elements of a list.";
  report(context, flag, {
    message,
    given: given(flag.node),
    fix: array ? "Make one group for each list." : "Remove it.",
  });
  return undefined;
}

function arraysOf(member: Group | Condition): BoundedArray[] {
  if (member.kind === "condition") return member.field.array ? [member.field.array] : [];
  const found = new Map(member.conditions.flatMap(arraysOf).map((array) => [array.path.join("."), array]));
  return [...found.values()];
}

/** How many values the compiled filter compares with. */
export function comparedValues(member: Group | Condition): number {
  if (member.kind === "condition") return member.values.length * (member.field.array?.maxItems ?? 1);
  return member.conditions.reduce((sum, each) => sum + comparedValues(each), 0);
}
