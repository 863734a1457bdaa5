import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node, type Scalar } from "yaml";
import { nearest, type Problem } from "../problems";
import type { AvroType } from "./fields";
import type { BoundedArray } from "./types";

/** What the parts of the parser share: what they read against, and where they put problems. */
export interface Context {
  readonly file: string;
  readonly schema: AvroType;
  readonly arrays: readonly BoundedArray[];
  readonly outputs: readonly string[];
  readonly lines: LineCounter;
  readonly document: Document.Parsed;
  readonly problems: Problem[];
}

/** A place in the file: the node for its line, the path for its name. */
export interface Place {
  readonly node: Node | undefined;
  readonly path: string;
}

export type Entries = ReadonlyMap<string, Place>;

export function lineOf(context: Context, node: Node | undefined): number {
  return context.lines.linePos(node?.range?.[0] ?? 0).line;
}

export function report(context: Context, place: Place, problem: Omit<Problem, "file" | "line" | "path">): void {
  context.problems.push({ file: context.file, line: lineOf(context, place.node), path: place.path, ...problem });
}

/** As it was written; a number that JavaScript would change is given as text. */
export function given(node: Node | undefined): unknown {
  if (isScalar(node) && typeof node.value === "number") {
    return String(node.value) === node.source ? node.value : node.source;
  }
  return node?.toJSON() ?? null;
}

/** The entries of a mapping whose keys are among `allowed`. Others are problems; undefined when it is no mapping at all. */
export function readMap(context: Context, place: Place, allowed: readonly string[]): Entries | undefined {
  if (!isMap(place.node)) {
    report(context, place, { message: "This must be a mapping.", given: given(place.node), allowed });
    return undefined;
  }
  const entries = new Map<string, Place>();
  for (const pair of place.node.items) {
    const keyNode = pair.key as Node;
    const key = isScalar(keyNode) ? String(keyNode.value) : JSON.stringify(given(keyNode));
    const path = `${place.path}${place.path.endsWith("› ") ? "" : "."}${key}`;
    if (!isScalar(keyNode) || !allowed.includes(key)) {
      const meant = nearest(key, allowed);
      const fix = meant !== undefined && { fix: `Did you mean ${meant}?` };
      report(
        context,
        { node: keyNode, path: place.path.replace(/ › $/, "") },
        { message: "This key is not known.", given: key, allowed, ...fix },
      );
      continue;
    }
    if (!entries.has(key)) entries.set(key, { node: (pair.value as Node | null) ?? keyNode, path });
    if (!pair.value) entries.set(key, { node: emptyAt(keyNode), path });
  }
  return entries;
}

/** `? key` has no value at all: the same as an empty one, standing where the key stands. */
function emptyAt(key: Scalar): Node {
  const empty = key.clone() as Scalar;
  empty.value = null;
  return empty;
}

export function readList(context: Context, place: Place, what: string): Place[] | undefined {
  if (!isSeq(place.node)) {
    report(context, place, { message: `This must be a list of ${what}.`, given: given(place.node) });
    return undefined;
  }
  return place.node.items.map((node, index) => ({ node: node as Node, path: `${place.path}[${index}]` }));
}

/** The text of an entry; a problem when it is missing or no text. */
export function readText(
  context: Context,
  parent: Place,
  entries: Entries,
  key: string,
  allowed?: readonly string[],
): string | undefined {
  const place = entries.get(key);
  const allowedValues = allowed && { allowed };
  if (!place) {
    report(context, trim(parent), { message: `The key ${key} is missing.`, ...allowedValues });
    return undefined;
  }
  const { node } = place;
  if (!isScalar(node) || typeof node.value !== "string") {
    const fix = isScalar(node) &&
      node.value !== null && { fix: `Put it into quotes: ${JSON.stringify(node.source ?? String(node.value))}.` };
    report(context, place, { message: `${key} must be text.`, given: given(node), ...allowedValues, ...fix });
    return undefined;
  }
  if (allowed && !allowed.includes(node.value)) {
    const meant = nearest(node.value, allowed);
    const fix = meant !== undefined && { fix: `Did you mean ${meant}?` };
    report(context, place, { message: `There is no such ${key}.`, given: node.value, ...allowedValues, ...fix });
    return undefined;
  }
  return node.value;
}

/** The boolean of an entry, or its default; undefined after a problem. */
export function readFlag(context: Context, entries: Entries, key: string, byDefault: boolean): boolean | undefined {
  const place = entries.get(key);
  if (!place) return byDefault;
  if (isScalar(place.node) && typeof place.node.value === "boolean") return place.node.value;
  report(context, place, {
    message: `${key} must be true or false.`,
    given: given(place.node),
    allowed: ["true", "false"],
  });
  return undefined;
}

/** A place whose path ends like that of a parent, as a place of its own. */
export const trim = (place: Place): Place => ({ ...place, path: place.path.replace(/ › $/, "") });
