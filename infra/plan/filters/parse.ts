import { type Document, isAlias, isMap, LineCounter, type Node, parseDocument, type Scalar, visit } from "yaml";
import type { Problem } from "../problems";
import { comparedValues, maxCompared, readGroup } from "./conditions";
import { type AvroType, boundedArrays } from "./fields";
import { type Context, given, type Place, readFlag, readList, readMap, readText, report, trim } from "./reader";
import type { Filter, Group } from "./types";

export interface ParseArgs {
  /** As the person knows it, from the project's root. */
  readonly file: string;
  /** The event's Avro schema, parsed as JSON. */
  readonly schema: AvroType;
  /** Topics that a filter may name as `outputTopic`. */
  readonly outputs: readonly string[];
}

const keys = [
  "id",
  "consumerId",
  "description",
  "outputTopic",
  "enabled",
  "sharesOutput",
  "logic",
  "sameEntity",
  "conditions",
];

/**
 * Reads filters from YAML. All problems come at once; a filter with a problem is left out of `filters`.
 * Never throws, whatever the text.
 */
export function parseFilters(text: string, args: ParseArgs): { filters: Filter[]; problems: Problem[] } {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const file = args.file;
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const arrays = boundedArrays(args.schema);
    const context: Context = { ...args, arrays, lines, document, problems };
    if (!readYaml(context, document)) return { filters: [], problems };
    const filters = readFilters(context, document.contents);
    return { filters, problems: problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the stack's end: nested thousands deep
    return { filters: [], problems: [...problems, { file, message: "This is nested too deeply to be read." }] };
  }
}

/** Reports what is wrong with the YAML itself; false when nothing more can be said about it. */
function readYaml(context: Context, document: Document.Parsed): boolean {
  let usable = true;
  // One slip lets others follow: the first few say what is wrong.
  const errors = [...document.errors, ...document.warnings].slice(0, 10);
  for (const error of errors) {
    const duplicate = error.code === "DUPLICATE_KEY";
    if (!duplicate) usable = false;
    const what = error.message.includes("call stack") ? "it is nested too deeply" : error.message.replace(/\.?$/, "");
    context.problems.push({
      file: context.file,
      line: context.lines.linePos(error.pos[0]).line,
      message: duplicate ? "This key stands twice in one mapping." : `This is no YAML: ${what}.`,
    });
  }
  visit(document, (_, node) => {
    const tag = (node as Node | null)?.tag;
    const isTagged = (node as Scalar | null)?.range && tag !== undefined;
    if (!isAlias(node) && !isTagged) return;
    usable = false;
    report(
      context,
      { node: node as Node, path: "" },
      {
        message: isAlias(node)
          ? "Aliases are not supported in filters."
          : `Tags such as ${tag} are not supported in filters.`,
        fix: isAlias(node) ? "Write the value out." : "Remove it.",
      },
    );
    return visit.SKIP;
  });
  return usable;
}

function readFilters(context: Context, contents: Node | null): Filter[] {
  const root: Place = { node: contents ?? undefined, path: "" };
  if (!isMap(contents)) {
    report(context, root, { message: "The file must be a mapping with the key filters.", given: given(root.node) });
    return [];
  }
  const entries = readMap(context, { node: contents, path: " › " }, ["filters"]);
  const list = entries?.get("filters");
  if (!list) {
    report(context, root, { message: "The key filters is missing." });
    return [];
  }
  const places = readList(context, { ...list, path: "filters" }, "filters");
  if (places?.length === 0) report(context, { ...list, path: "filters" }, { message: "The list of filters is empty." });
  const heads = (places ?? []).map((place) => readFilter(context, place));
  checkIds(context, heads);
  checkOutputs(context, heads);
  return heads.flatMap((head) => (head.filter ? [head.filter] : []));
}

/** What could be read of a filter, even if another part of it is wrong. */
interface Head {
  readonly place: Place;
  readonly id?: string;
  readonly outputTopic?: string;
  readonly shares: boolean;
  readonly enabled: boolean;
  readonly filter?: Filter;
}

function readFilter(context: Context, at: Place): Head {
  const before = context.problems.length;
  const idNode = isMap(at.node) ? at.node.get("id") : undefined;
  const parent: Place = { node: at.node, path: `${typeof idNode === "string" && idNode ? idNode : at.path} › ` };
  const entries = readMap(context, isMap(at.node) ? parent : at, keys);
  if (!entries) return { place: at, shares: false, enabled: false };
  const id = readName(context, parent, entries, "id");
  const consumerId = readName(context, parent, entries, "consumerId");
  const description = entries.has("description") ? readText(context, parent, entries, "description") : "";
  const outputTopic = readText(context, parent, entries, "outputTopic", context.outputs);
  const enabled = readFlag(context, entries, "enabled", true);
  const sharesOutput = readFlag(context, entries, "sharesOutput", false);
  const root = readGroup(context, parent, entries);
  const compared = root ? comparedValues(root) : 0;
  if (compared > maxCompared) {
    report(context, trim(parent), {
      message: `This filter compares with ${compared} values, each counted for every element that a list may have; at most ${maxCompared} are allowed.`,
      fix: "Divide it into filters with sharesOutput: true.",
    });
  }
  const head = {
    place: trim(parent),
    ...(id !== undefined && { id }),
    ...(outputTopic !== undefined && { outputTopic }),
    shares: sharesOutput === true,
    enabled: enabled === true,
  };
  if (context.problems.length > before) return head;
  const line = context.lines.linePos(at.node?.range?.[0] ?? 0).line;
  const filter = {
    id,
    consumerId,
    description,
    outputTopic,
    enabled,
    sharesOutput,
    line,
    root: root as Group,
    arrays: context.arrays,
  };
  return { ...head, filter: filter as Filter };
}

/** Ids stand in metadata, metrics and logs: no white space, no control characters, not endless. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

function readName(
  context: Context,
  parent: Place,
  entries: ReadonlyMap<string, Place>,
  key: string,
): string | undefined {
  const name = readText(context, parent, entries, key);
  if (name === undefined || namePattern.test(name)) return name;
  const allowed = "1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit";
  report(context, entries.get(key) as Place, { message: `${key} cannot be used as a name.`, given: name, allowed });
  return undefined;
}

function checkIds(context: Context, heads: readonly Head[]): void {
  const first = new Map<string, Head>();
  for (const head of heads) {
    if (head.id === undefined) continue;
    const other = first.get(head.id);
    if (!other) first.set(head.id, head);
    else {
      const line = context.lines.linePos(other.place.node?.range?.[0] ?? 0).line;
      report(context, head.place, {
        message: `The filter of line ${line} has the same id.`,
        given: head.id,
        fix: "Give each filter an id of its own.",
      });
    }
  }
}

function checkOutputs(context: Context, heads: readonly Head[]): void {
  const writers = new Map<string, Head[]>();
  for (const head of heads) {
    if (head.outputTopic === undefined || !head.enabled) continue;
    writers.set(head.outputTopic, [...(writers.get(head.outputTopic) ?? []), head]);
  }
  for (const [topic, sharing] of writers) {
    if (sharing.length < 2 || sharing.every((head) => head.shares)) continue;
    const names = sharing.map((head) => head.id ?? head.place.path).join(", ");
    const silent = sharing.filter((head) => !head.shares).map((head) => head.id ?? head.place.path);
    report(context, (sharing.find((head, index) => index > 0 && !head.shares) ?? (sharing[0] as Head)).place, {
      message: `Several filters write one output topic: ${names}.`,
      given: topic,
      fix: `Give each its own outputTopic, or say sharesOutput: true on all of them (missing on ${silent.join(", ")}).`,
    });
  }
}
