import { isScalar, isSeq, type Node } from "yaml";
import { exactNumber, precision, scale, toDecimal } from "./decimal";
import { isRefused, parsePattern } from "./pattern";
import { type Context, given, type Place, report } from "./reader";
import { comparable, type Field, type FieldType, type Operator, operators, type Value, type ValueType } from "./types";

/** Java keeps no constant over 64 KiB in a class file; nobody needs a longer text to compare with. */
export const maxTextLength = 1000;
export const maxListLength = 1000;
const wholeLimit = 2n ** 63n;

const inWords: Readonly<Record<ValueType, string>> = { text: "text", number: "a number", boolean: "true or false" };
const fieldInWords: Readonly<Record<FieldType, string>> = {
  text: "text",
  whole: "a whole number",
  boolean: "true or false",
  attribute: "an attribute",
};

/** Types and checks what stands under `value`. Undefined after problems. */
export function readValues(
  context: Context,
  condition: Place,
  place: Place | undefined,
  field: Field | undefined,
  operator: Operator,
): Value[] | undefined {
  const rule = operators[operator];
  if (rule.takes === "nothing") {
    if (!place) return [];
    report(context, place, {
      message: `${operator} takes no value.`,
      given: given(place.node),
      fix: "Remove the value.",
    });
    return undefined;
  }
  if (!place) {
    report(context, condition, {
      message: `The key value is missing: ${operator} needs it.`,
      allowed: shapes[rule.takes],
    });
    return undefined;
  }
  const places = readShape(context, place, operator);
  if (!places) return undefined;
  const types = field ? rule.types.filter((type: ValueType) => comparable[field.type].includes(type)) : rule.types;
  if (field && types.length === 0) {
    report(context, place, {
      message: `${operator} cannot compare ${field.name}, which is ${fieldInWords[field.type]}.`,
      allowed: operatorsFor(field.type),
    });
    return undefined;
  }
  const before = context.problems.length;
  const values = places
    .map((each) => readValue(context, each, field, operator, types))
    .filter((value) => value !== undefined);
  if (context.problems.length > before) return undefined;
  if (new Set(values.map((value) => value.type)).size > 1) {
    report(context, place, {
      message: "The values are of different types.",
      given: given(place.node),
      allowed: "values of one type",
    });
  }
  if (rule.takes === "pair") checkOrder(context, place, values);
  if (operator === "matches") checkPattern(context, place, values);
  return context.problems.length > before ? undefined : values;
}

const operatorsFor = (type: FieldType): string[] =>
  Object.entries(operators)
    .filter(([, rule]) => rule.takes === "nothing" || rule.types.some((each) => comparable[type].includes(each)))
    .map(([name]) => name);

const shapes = {
  one: "a single value",
  list: "a list of values: [a, b]",
  pair: "a list of two numbers, the lower first: [1, 10]",
} as const;

function readShape(context: Context, place: Place, operator: Operator): Place[] | undefined {
  const takes = operators[operator].takes as keyof typeof shapes;
  const { node } = place;
  if (takes === "one") {
    if (isScalar(node)) return [place];
    report(context, place, {
      message: `${operator} takes a single value.`,
      given: given(node),
      allowed: shapes.one,
      ...(operator === "equals" && { fix: "Use in to compare with several values." }),
    });
    return undefined;
  }
  const length = isSeq(node) ? node.items.length : -1;
  if (takes === "pair" ? length === 2 : length >= 1 && length <= maxListLength) {
    return (isSeq(node) ? node.items : []).map((each, index) => ({
      node: each as Node,
      path: `${place.path}[${index}]`,
    }));
  }
  const message =
    length < 0
      ? `${operator} takes a list.`
      : takes === "pair"
        ? `between takes two bounds, not ${length}.`
        : length === 0
          ? `The list of ${operator} is empty: ${operator === "in" ? "nothing would satisfy it" : "every value would satisfy it"}.`
          : `The list of ${operator} has ${length} values; at most ${maxListLength} are allowed.`;
  report(context, place, { message, ...(length < 100 && { given: given(node) }), allowed: shapes[takes] });
  return undefined;
}

function readValue(
  context: Context,
  place: Place,
  field: Field | undefined,
  operator: Operator,
  types: readonly ValueType[],
): Value | undefined {
  const { node } = place;
  const fail = (message: string, fix?: string): undefined => {
    const allowed = types
      .map((type) => (field?.type === "whole" && type === "number" ? fieldInWords.whole : inWords[type]))
      .join(" or ");
    report(context, place, { message, given: given(node), allowed, ...(fix !== undefined && { fix }) });
  };
  if (!isScalar(node)) return fail("This must be a single value.");
  if (node.value === null) {
    return fail(
      "null cannot be compared with.",
      operator === "notIn" ? "Leave it out: null never satisfies notIn." : "Use isNull or isNotNull.",
    );
  }
  const source = node.source ?? "";
  const value = node.value;
  const type: ValueType = typeof value === "boolean" ? "boolean" : typeof value === "number" ? "number" : "text";
  if (!types.includes(type)) {
    const what = field ? `${field.name} with ${inWords[type]}` : inWords[type];
    return fail(`${operator} cannot compare ${what}.`, typeFix(type, source || String(value), types));
  }
  if (typeof value === "boolean") return { type: "boolean", value };
  if (typeof value === "number") return readNumber(source, field, fail);
  const text = String(value);
  if (text.length > maxTextLength)
    return fail(`This text has ${text.length} characters; at most ${maxTextLength} are allowed.`);
  if (/\p{Surrogate}/u.test(text)) return fail("This text holds half a character, a lone surrogate.");
  return { type: "text", text };
}

function typeFix(type: ValueType, source: string, types: readonly ValueType[]): string | undefined {
  if (type !== "text") return types.includes("text") ? `Put it into quotes: ${JSON.stringify(source)}.` : undefined;
  const plain = source.replace(/[_, ]/g, "");
  if (types.includes("number") && exactNumber(plain) !== undefined)
    return `Write the number without quotes or separators: ${exactNumber(plain)}.`;
  return types.includes("boolean") && /^(yes|no|on|off)$/i.test(source) ? "Write true or false." : undefined;
}

function readNumber(
  source: string,
  field: Field | undefined,
  fail: (message: string, fix?: string) => undefined,
): Value | undefined {
  if (/^[-+]?0\d/.test(source))
    return fail("This number begins with 0.", `Put it into quotes to compare it as text: "${source}".`);
  const text = exactNumber(source);
  if (text === undefined) {
    return fail(
      `This number is not a decimal number with at most ${precision - scale} digits before the point and ${scale} after it.`,
    );
  }
  if (field?.type !== "whole") return { type: "number", text };
  if (text.includes(".")) return fail(`${field.name} is a whole number.`);
  if (BigInt(text) >= wholeLimit || BigInt(text) < -wholeLimit)
    return fail(`This number is outside of -2^63 to 2^63 - 1, the range of ${field.name}.`);
  return { type: "number", text };
}

function checkOrder(context: Context, place: Place, values: readonly Value[]): void {
  const [low, high] = values.map((value) => (value.type === "number" ? toDecimal(value.text) : undefined));
  if (low === undefined || high === undefined || low <= high) return;
  const [first, second] = values.map((value) => (value.type === "number" ? value.text : ""));
  report(context, place, {
    message: "The bounds of between are reversed: nothing would satisfy it.",
    given: given(place.node),
    fix: `Write the lower bound first: [${second}, ${first}].`,
  });
}

function checkPattern(context: Context, place: Place, values: readonly Value[]): void {
  for (const value of values) {
    if (value.type !== "text") continue;
    const pattern = parsePattern(value.text);
    if (!isRefused(pattern)) continue;
    report(context, place, {
      message: `This regular expression cannot be used. ${pattern.reason}`,
      given: value.text,
      ...(pattern.fix !== undefined && { fix: pattern.fix }),
    });
  }
}
