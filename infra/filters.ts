import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Type } from "avsc";
import type { Pipeline, Routing } from "./model";
import { projectRoot } from "./paths";
import { pipelines as allPipelines } from "./pipelines";
import {
  type AvroType,
  describeExplanation,
  describeFilter,
  evaluate,
  type Filter,
  insert,
  parseFilters,
} from "./plan/filters";
import { formatProblem, type Problem, UserError } from "./plan/problems";
import { keyExpression } from "./plan/shape/flink-tables";

const usage = "npm run filters -- check | explain | try <events.jsonl> [--file <filters.yaml>]";

/** Where filters are checked against: by default this project and its pipelines. */
export interface Project {
  readonly root: string;
  readonly pipelines: readonly Pipeline[];
}

/**
 * `check`, `explain` and `try <events.jsonl>`, each with `--file <filters.yaml>` for another file than the declared one.
 * Needs no server. Returns the exit status: 1 when a filter is wrong, or an event could not be read.
 *
 * @throws UserError when the command itself is wrong, or a file is missing.
 */
export async function filtersCommand(
  args: readonly string[],
  out: (text: string) => unknown,
  project: Project = { root: projectRoot, pipelines: allPipelines },
): Promise<number> {
  const { command, events, file } = readArguments(args);
  const samples = events === undefined ? undefined : readGiven(events);
  const loaded = routings(project, file).map((routing) => load(project, routing, file));
  const problems = loaded.flatMap((each) => each.problems);
  if (problems.length > 0) {
    const title = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    out(`${title}:\n${problems.map(formatProblem).join("\n")}\n`);
    return 1;
  }
  if (command === "check") {
    for (const { filters } of loaded) out(`ok: ${count(filters)}\n`);
    return 0;
  }
  if (command === "explain") {
    for (const each of loaded) out(`${each.filters.map((filter) => explain(filter, each)).join("\n\n")}\n`);
    return 0;
  }
  const readable = loaded.map((each) => tryEvents(each, samples ?? "", events ?? "", out));
  return readable.every(Boolean) ? 0 : 1;
}

function count(filters: readonly Filter[]): string {
  const enabled = filters.filter((filter) => filter.enabled);
  const topics = new Set(enabled.map((filter) => filter.outputTopic)).size;
  const disabled = filters.length - enabled.length;
  const plural = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return `${plural(filters.length, "filter")}${disabled > 0 ? ` (${disabled} disabled)` : ""}, ${plural(topics, "topic")}`;
}

interface Arguments {
  readonly command: "check" | "explain" | "try";
  readonly events?: string;
  readonly file?: string;
}

function readArguments(args: readonly string[]): Arguments {
  const words: string[] = [];
  let file: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === "--file" || word.startsWith("--file=")) {
      file = word === "--file" ? args[++at] : word.slice("--file=".length);
      if (!file) throw new UserError([{ message: "--file needs a path behind it.", allowed: usage }]);
    } else if (word.startsWith("-")) {
      throw new UserError([{ message: "There is no such option.", given: word, allowed: ["--file"] }]);
    } else words.push(word);
  }
  const [command, events, ...rest] = words;
  if (command !== "check" && command !== "explain" && command !== "try") {
    throw new UserError([{ message: "Say what to do with the filters.", given: command ?? "", allowed: usage }]);
  }
  if (command === "try" && events === undefined) {
    throw new UserError([{ message: "try needs a file of events, one JSON object on each line.", allowed: usage }]);
  }
  const extra = command === "try" ? rest : words.slice(1);
  if (extra.length > 0)
    throw new UserError([{ message: "These words are too many.", given: extra.join(" "), allowed: usage }]);
  return { command, ...(events !== undefined && { events }), ...(file !== undefined && { file }) };
}

/** A file that the user named, from where the user stands. */
function readGiven(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new UserError([{ message: `The file ${why}.`, given: file }]);
  }
}

function routings(project: Project, file: string | undefined): Routing[] {
  const found = project.pipelines.flatMap((pipeline) => pipeline.parts).filter((part) => part.kind === "routing");
  if (found.length === 0)
    throw new UserError([{ message: "No pipeline has a routing, so there is nothing to filter." }]);
  if (file === undefined || found.length === 1) return found;
  const meant = found.filter((routing) => basename(routing.args.filters) === basename(file));
  if (meant.length === 1) return meant;
  const allowed = found.map((routing) => basename(routing.args.filters));
  throw new UserError([
    { message: "Several pipelines have filters; the file's name must say whose these are.", given: file, allowed },
  ]);
}

interface Loaded {
  readonly routing: Routing;
  readonly schema: AvroType & { readonly fields: readonly { readonly name: string }[] };
  readonly filters: readonly Filter[];
  readonly problems: readonly Problem[];
}

function load(project: Project, routing: Routing, given: string | undefined): Loaded {
  const { reads, writes } = routing.args;
  const file = given ?? `flink-jobs/${routing.args.filters}`;
  const text = readGiven(given ?? join(project.root, file));
  const schema = JSON.parse(
    readGiven(join(project.root, "schemas", `${reads.args.schema.file}.avsc`)),
  ) as Loaded["schema"];
  const outputs = writes.map((topic) => topic.name);
  return { routing, schema, ...parseFilters(text, { file, schema, outputs }) };
}

function explain(filter: Filter, { routing, schema }: Loaded): string {
  const columns = schema.fields.map((field) => field.name);
  const { reads, writes } = routing.args;
  const into = writes.find((topic) => topic.name === filter.outputTopic) ?? reads;
  const sql = insert(filter, { from: reads.name, into: into.name, columns, key: keyExpression(into.args.key) });
  return `${describeFilter(filter)}\n\n${sql};`;
}

/** Prints which filters match each event, and why. False when a line could not be read as an event. */
function tryEvents({ filters, schema }: Loaded, text: string, file: string, out: (text: string) => unknown): boolean {
  const type = Type.forSchema(schema as never, { registry: {}, wrapUnions: false });
  const enabled = filters.filter((filter) => filter.enabled);
  const skipped = filters.filter((filter) => !filter.enabled).map((filter) => filter.id);
  if (skipped.length > 0) out(`disabled, not tried: ${skipped.join(", ")}\n`);
  const totals = new Map(enabled.map((filter) => [filter.id, 0]));
  let [events, bad] = [0, 0];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "") continue;
    events++;
    const event = readEvent(line, type);
    if ("problem" in event) {
      bad++;
      out(`${formatProblem({ file, line: index + 1, ...event.problem }).trimStart()}\n`);
      continue;
    }
    out(`${file}:${index + 1}  ${nameOf(event.value)}\n`);
    for (const filter of enabled) {
      const explanation = evaluate(filter, event.value);
      if (explanation.holds) totals.set(filter.id, (totals.get(filter.id) ?? 0) + 1);
      out(
        `  ${explanation.holds ? "yes" : "no "} ${filter.id}${explanation.holds ? ` → ${filter.outputTopic}` : ""}\n`,
      );
      out(
        describeExplanation(explanation)
          .map((why) => `        ${why}\n`)
          .join(""),
      );
    }
  }
  const matched = [...totals].map(([id, number]) => `${id} ${number}`).join(", ");
  out(`${events} events${bad > 0 ? `, ${bad} of them unreadable` : ""}; matched: ${matched || "nothing is enabled"}\n`);
  return bad === 0;
}

function readEvent(line: string, type: Type): { value: unknown } | { problem: Problem } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { problem: { message: `This line is no JSON: ${(error as Error).message}.` } };
  }
  const wrong: string[] = [];
  type.isValid(value, {
    errorHook: (path: string[], given: unknown, wanted: Type) => {
      const allowed = wanted.typeName === "record" ? "an object" : wanted.typeName;
      wrong.push(
        `${path.join(".") || "the event"} is ${given === undefined ? "missing" : JSON.stringify(given)}, not ${allowed}`,
      );
    },
  });
  return wrong.length === 0
    ? { value }
    : { problem: { message: `This line is no event of the schema: ${wrong.join("; ")}.` } };
}

function nameOf(event: unknown): string {
  const { eventName, uuid } = (event as { eventHeader?: Record<string, unknown> }).eventHeader ?? {};
  return [eventName, uuid].filter((part) => typeof part === "string").join("  ");
}
