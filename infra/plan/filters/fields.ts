import { nearest } from "../problems";
import type { BoundedArray, Field, FieldType } from "./types";

/** A type of an Avro schema, as far as filters look into it. */
export type AvroType = string | readonly AvroType[] | ComplexType;
export interface ComplexType {
  readonly type: AvroType;
  readonly name?: string;
  readonly logicalType?: string;
  readonly fields?: readonly { readonly name: string; readonly type: AvroType }[];
  readonly items?: AvroType;
  readonly values?: AvroType;
  /** Of an array: the most elements that filters look at. Not Avro's own; Avro keeps what it does not know. */
  readonly maxItems?: unknown;
}
type SingleType = string | ComplexType;

export interface FieldError {
  readonly message: string;
  readonly fix?: string;
}
export const isFieldError = (result: Field | FieldError): result is FieldError => "message" in result;

const textTypes = ["string", "enum"];
const wholeTypes = ["int", "long"];

/** The type without `null` and with named types looked up. */
function plain(type: AvroType, schema: AvroType): SingleType {
  if (Array.isArray(type)) {
    const others = type.filter((member: AvroType) => member !== "null");
    return others.length === 1 ? plain(others[0], schema) : "union";
  }
  const single = type as SingleType;
  if (typeof single === "string") return findNamed(schema, single) ?? single;
  if (typeof single.type !== "string") return plain(single.type, schema);
  return single.fields || single.items || single.values || single.logicalType || single.name
    ? single
    : plain(single.type, schema);
}

function findNamed(schema: AvroType, name: string, depth = 0): SingleType | undefined {
  if (typeof schema === "string" || depth > 50) return undefined;
  const inside: AvroType[] = [];
  if (Array.isArray(schema)) inside.push(...schema);
  else {
    const single = schema as ComplexType;
    if (single.name !== undefined && typeof single.type === "string" && single.name === name.split(".").at(-1))
      return single;
    inside.push(...(single.fields ?? []).map((field) => field.type));
    for (const next of [single.items, single.values, typeof single.type === "string" ? undefined : single.type]) {
      if (next !== undefined) inside.push(next);
    }
  }
  for (const next of inside) {
    const found = findNamed(next, name, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const nameOf = (type: SingleType): string => (typeof type === "string" ? type : (type.type as string));
const logicalOf = (type: SingleType): string | undefined => (typeof type === "string" ? undefined : type.logicalType);

function leafType(type: SingleType): FieldType | undefined {
  if (logicalOf(type) !== undefined) return undefined;
  if (textTypes.includes(nameOf(type))) return "text";
  if (wholeTypes.includes(nameOf(type))) return "whole";
  return nameOf(type) === "boolean" ? "boolean" : undefined;
}

/** Every field that a condition may name, with `['…']` where any attribute may stand. */
export function listFields(schema: AvroType, type: AvroType = schema, at = "", depth = 0): string[] {
  const here = plain(type, schema);
  if (leafType(here)) return [at];
  if (typeof here === "string" || depth > 20) return [];
  if (here.items !== undefined) return at.includes("[]") ? [] : listFields(schema, here.items, `${at}[]`, depth + 1);
  if (here.values !== undefined) return leafType(plain(here.values, schema)) === "text" ? [`${at}['…']`] : [];
  const dot = at ? `${at}.` : "";
  return (here.fields ?? []).flatMap((field) => listFields(schema, field.type, `${dot}${field.name}`, depth + 1));
}

/** The arrays of the event that conditions may look into: those with a `maxItems` of 1 to 100, and in no other array. */
export function boundedArrays(schema: AvroType, type: AvroType = schema, path: readonly string[] = []): BoundedArray[] {
  const here = plain(type, schema);
  if (typeof here === "string" || path.length > 20) return [];
  if (here.items !== undefined) return isBound(here.maxItems) ? [{ path, maxItems: here.maxItems }] : [];
  return (here.fields ?? []).flatMap((field) => boundedArrays(schema, field.type, [...path, field.name]));
}

const isBound = (maxItems: unknown): maxItems is number =>
  typeof maxItems === "number" && Number.isInteger(maxItems) && maxItems >= 1 && maxItems <= 100;

type Step = { readonly name: string } | { readonly key: string } | "[]";
const stepPattern = /\.?([A-Za-z0-9_-]+)|(\[\])|\['((?:[^']|'')*)'\]|\["((?:[^"]|"")*)"\]/y;

function readSteps(text: string): Step[] | undefined {
  const steps: Step[] = [];
  stepPattern.lastIndex = 0;
  while (stepPattern.lastIndex < text.length) {
    const isFirst = stepPattern.lastIndex === 0;
    const match = stepPattern.exec(text);
    if (!match) return undefined;
    const [whole, name, list, single, double] = match;
    if (name !== undefined) {
      if (whole.startsWith(".") === isFirst) return undefined;
      steps.push({ name });
    } else if (list) steps.push("[]");
    else
      steps.push({
        key: single === undefined ? (double as string).replaceAll('""', '"') : single.replaceAll("''", "'"),
      });
  }
  return steps;
}

/** Finds the field that a condition names, `eventBody.entities[].updatedAttributes['loanAmount']`, or says what is wrong. */
export function findField(text: string, schema: AvroType, arrays: readonly BoundedArray[]): Field | FieldError {
  const steps = readSteps(text);
  if (!steps || steps.length === 0) return { message: "This is no path to a field.", ...indexFix(text) };
  let type = plain(schema, schema);
  let done = "";
  let path: string[] = [];
  let array: BoundedArray | undefined;
  for (const step of steps) {
    const here: Partial<ComplexType> = typeof type === "string" ? {} : type;
    const place = done || "the event";
    if (here.values !== undefined) {
      const key = step === "[]" ? undefined : "key" in step ? step.key : step.name;
      if (key === undefined || /\['/.test(done))
        return {
          message: `${place} is a map: it takes an attribute's name, not [].`,
          fix: `Write ${place}['attribute'].`,
        };
      if (leafType(plain(here.values, schema)) !== "text")
        return {
          message: `${place} is a map of ${nameOf(plain(here.values, schema))}; only maps of text can be filtered.`,
        };
      const name = `${done}['${key.replaceAll("'", "''")}']`;
      if (step !== steps.at(-1))
        return {
          message: `${name} is text and has nothing below it.`,
          fix: `Write ${done}['a.b'] for an attribute whose name has a dot.`,
        };
      return { name, type: "attribute", ...(array && { array }), path, key };
    }
    if (here.items !== undefined) {
      if (step !== "[]")
        return { message: `${place} is a list.`, fix: `Write ${place}[] to ask whether any of its elements fits.` };
      if (array) return { message: `${place} is a list inside a list, which filters cannot look into.` };
      const given = path;
      array = arrays.find((candidate) => candidate.path.join(".") === given.join("."));
      if (!array)
        return {
          message: `The schema sets no "maxItems" for ${place}.`,
          fix: 'Add "maxItems": 8 to the array in the schema.',
        };
      type = plain(here.items, schema);
      path = [];
      done += "[]";
      continue;
    }
    if (step === "[]") return { message: `${place} is no list.`, fix: "Remove the []." };
    if ("key" in step) return { message: `${place} is no map, so ['${step.key}'] finds nothing in it.` };
    const fields = here.fields ?? [];
    const found = fields.find((field) => field.name === step.name);
    if (!found)
      return noField(
        step.name,
        place,
        fields.map((field) => field.name),
        typeof type === "string" ? type : nameOf(type),
      );
    path = [...path, step.name];
    done += `${done ? "." : ""}${step.name}`;
    type = plain(found.type, schema);
  }
  const leaf = leafType(type);
  if (leaf) return { name: done, type: leaf, ...(array && { array }), path };
  const below =
    typeof type === "string"
      ? ""
      : type.items !== undefined
        ? "[]"
        : type.values !== undefined
          ? "['attribute']"
          : type.fields
            ? ".…"
            : "";
  const kind = logicalOf(type) ?? nameOf(type);
  if (below) return { message: `${done} is a ${kind}, not a value.`, fix: `Name a value in it: ${done}${below}.` };
  return { message: `${done} is of type ${kind}; conditions compare only string, enum, int, long and boolean.` };
}

function noField(name: string, place: string, names: readonly string[], type: string): FieldError {
  if (names.length === 0) return { message: `${place} is of type ${type} and has nothing below it.` };
  const meant = nearest(name, names);
  return {
    message: `There is no field ${name} in ${place}.`,
    ...(meant !== undefined && { fix: `Did you mean ${meant}?` }),
  };
}

const indexFix = (text: string): { fix?: string } =>
  /\[\d+\]/.test(text) ? { fix: "Elements have no position here: write [] to ask whether any of them fits." } : {};
