import { nearest, type Problem } from "../problems";
import { type Catalog, isKnown, type Relation, relationToRead, relationToWrite, shapesOf } from "./catalog";
import { type Names, plainName, rename, shapeOfQuery } from "./resolve";
import { type Finding, openShape, quoted, type Report, type Shape, write } from "./scope";
import { allowedSettings, isAllowedSetting, whyNotSetting } from "./settings";
import { parseStatements, type Statement } from "./statements";
import type { Name, Parsed } from "./syntax";
import type { Token } from "./tokens";

export type { Relation } from "./catalog";

export interface JobText {
  /** From the project's root. */
  readonly file: string;
  readonly text: string;
  /** The job's name, for messages. */
  readonly job: string;
  /** What the job declares as read, and the views that come with it. */
  readonly reads: readonly Relation[];
  readonly writes: readonly Relation[];
  /** Names of all topics and tables that are declared anywhere. */
  readonly known: readonly string[];
}

export interface JobStatement {
  readonly kind: "view" | "insert" | "set";
  /** As written, without the semicolon. */
  readonly sql: string;
  /** Where it begins; the first line is 1. */
  readonly line: number;
  /** The view that it creates, or what it writes to. */
  readonly target?: string;
}

/**
 * Splits a job's file into statements and finds what is certain to be wrong with it: syntax, relations, columns, fields, INSERTs that do not
 * fit their target, declarations that are not used. What cannot be judged here passes: Flink's own EXPLAIN sees it later. Never throws.
 */
export function checkJob(job: JobText): { statements: JobStatement[]; problems: Problem[] } {
  const parsed = parseStatements(job.text);
  const findings: Finding[] = [];
  const report: Report = ({ line, column }, problem) => findings.push({ line, column, problem });
  const catalog = catalogOf(job, parsed);
  const statements: JobStatement[] = [];
  for (const statement of parsed) {
    const found = checkStatement(catalog, statement, report);
    if (found) statements.push({ ...found, ...textOf(job.text, statement) });
  }
  checkUse(catalog, job, parsed, report);
  findings.sort((a, b) => a.line - b.line || a.column - b.column);
  const problems = findings.map(({ line, column, problem }): Problem => {
    return { file: job.file, line, path: `column ${column}`, ...problem };
  });
  return { statements, problems };
}

function catalogOf({ job, reads, writes, known }: JobText, statements: readonly Statement[]): Catalog {
  const viewLines = new Map<string, number>();
  for (const { tokens } of statements) {
    const view = viewName(tokens);
    if (view && !viewLines.has(view)) viewLines.set(view, (tokens[0] as Token).line);
  }
  return {
    job,
    reads: shapesOf(reads),
    writes: shapesOf(writes),
    known: new Set(known),
    views: new Map(),
    viewLines,
    read: new Set(),
    written: new Set(),
  };
}

function textOf(text: string, { tokens }: Statement): { sql: string; line: number } {
  const first = tokens[0] as Token;
  return { sql: text.slice(first.start, (tokens.at(-2) as Token).end), line: first.line };
}

/** The view's name, also of a statement that is otherwise wrong. */
function viewName(tokens: readonly Token[]): string | undefined {
  if (tokens[0]?.word !== "CREATE") return undefined;
  const at = tokens.findIndex(({ word }, i) => i < 5 && word === "VIEW");
  if (at < 0) return undefined;
  const behind = tokens.slice(at + 1, at + 5);
  const name = behind.find(
    ({ kind, word }) => kind === "quoted" || (kind === "word" && !["IF", "NOT", "EXISTS"].includes(word)),
  );
  return name?.text;
}

function checkStatement(
  catalog: Catalog,
  { tokens, parsed, fault }: Statement,
  report: Report,
): Pick<JobStatement, "kind" | "target"> | undefined {
  if (parsed?.kind === "view") return checkView(catalog, parsed, report);
  if (parsed?.kind === "insert") return checkInsert(catalog, parsed, report);
  if (parsed?.kind === "set") return checkSetting(parsed, report);
  // Wrong, or not understood: every name in it may be used, even without its back quotes, and its view may have any column.
  const all = tokens.map(({ text }) => text).join("");
  for (const name of catalog.reads.keys()) if (all.includes(name)) catalog.read.add(name);
  for (const name of catalog.writes.keys()) if (all.includes(name)) catalog.written.add(name);
  const view = viewName(tokens);
  if (view) catalog.views.set(view, openShape);
  if (fault) {
    reportFault(catalog, tokens, fault, report);
    return undefined;
  }
  if (view) return { kind: "view", target: view };
  const target = tokens[2];
  return { kind: "insert", ...(target && { target: target.text }) };
}

function reportFault(
  catalog: Catalog,
  tokens: readonly Token[],
  { token, message, fix, refused }: NonNullable<Statement["fault"]>,
  report: Report,
): void {
  const bare = unquotedName(catalog, tokens, token);
  const way = bare ? `Write ${quoted(bare)} in back quotes.` : fix;
  const ends = token.kind === "end";
  const said = refused ? message : `syntax error: ${message}${ends ? ", and the statement ends here" : ""}`;
  const written = ends ? "" : token.text.trim();
  const given = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  report(token, { message: said, ...(given && { given }), ...(way && { fix: way }) });
}

/** `raw-events` without back quotes: the declared name that stands around the place of the error. */
function unquotedName(catalog: Catalog, tokens: readonly Token[], token: Token): string | undefined {
  const at = tokens.findIndex(({ start }) => start === token.start);
  for (let from = at; from >= Math.max(0, at - 8); from--) {
    let name = "";
    for (let i = from; i < tokens.length; i++) {
      const part = tokens[i] as Token;
      if (part.kind === "end" || part.kind === "quoted" || (i > from && part.start !== tokens[i - 1]?.end)) break;
      name += part.text;
      if (i >= at && i > from && isKnown(catalog, name)) return name;
    }
  }
  return undefined;
}

function namesOf(catalog: Catalog, report: Report): Names {
  return { report, relation: (name) => relationToRead(catalog, name, report) };
}

function checkView(
  catalog: Catalog,
  { name, columns, query }: Extract<Parsed, { kind: "view" }>,
  report: Report,
): Pick<JobStatement, "kind" | "target"> {
  const target = plainName(name);
  const place = name[0] as Name;
  const shape = shapeOfQuery(namesOf(catalog, report), query);
  if (catalog.views.has(target)) {
    const message = `the view ${quoted(target)} is created twice, first at line ${catalog.viewLines.get(target)}`;
    report(place, { message, given: target, fix: "Give one of them another name." });
  } else if (isKnown(catalog, target)) {
    const message = `${quoted(target)} is already the name of something declared`;
    report(place, { message, given: target, fix: "Give the view another name." });
  }
  catalog.views.set(target, rename({ report, relation: () => openShape }, shape, columns, place));
  return { kind: "view", target };
}

function checkInsert(
  catalog: Catalog,
  { target, columns, partition, query }: Extract<Parsed, { kind: "insert" }>,
  report: Report,
): Pick<JobStatement, "kind" | "target"> {
  const to = relationToWrite(catalog, target, report);
  const from = shapeOfQuery(namesOf(catalog, report), query);
  const place = target[0] as Name;
  const called = plainName(target);
  const allowed = to.columns.map(({ name }) => name);
  for (const column of to.complete ? [...(columns ?? []), ...partition] : []) {
    if (allowed.includes(column.text)) continue;
    const message = `${quoted(column.text)} is not a column of ${quoted(called)}`;
    report(column, { message, given: column.text, allowed, ...write(nearest(column.text, allowed)) });
  }
  const wanted = columns
    ? columns.map(({ text }) => text)
    : allowed.filter((name) => !partition.some((p) => p.text === name));
  if (to.complete || columns) checkFit(called, wanted, from, place, report);
  return { kind: "insert", target: called };
}

/** Columns go into the target by position: there must be as many, and a reordering of the same names is a mistake. */
function checkFit(target: string, wanted: readonly string[], from: Shape, place: Name, report: Report): void {
  if (from.width === undefined) return;
  const given = from.columns.map(({ name }) => name);
  if (from.width !== wanted.length) {
    const message = `${quoted(target)} takes ${wanted.length} columns, and the query yields ${from.width}`;
    report(place, { message, given: given.join(", "), allowed: wanted });
  } else if (from.complete && given.join() !== wanted.join() && given.every((name) => wanted.includes(name))) {
    const message = `the columns for ${quoted(target)} are in another order than it has them, and they go by position`;
    report(place, { message, given: given.join(", "), allowed: wanted, fix: "Select them in the target's order." });
  }
}

function checkSetting({ key }: Extract<Parsed, { kind: "set" }>, report: Report): { kind: "set" } {
  if (!isAllowedSetting(key.text)) {
    const meant = nearest(key.text, allowedSettings);
    const message = `${key.text} cannot be set here: ${whyNotSetting(key.text)}`;
    const allowed = allowedSettings.map((setting) => (setting.endsWith(".") ? `${setting}*` : setting));
    report(key, { message, given: key.text, allowed, ...(meant && { fix: `Write '${meant}'.` }) });
  }
  return { kind: "set" };
}

/** What the job declares and its file does not use, and the other way round: a file that writes nothing. */
function checkUse(
  catalog: Catalog,
  { job, reads, writes }: JobText,
  statements: readonly Statement[],
  report: Report,
): void {
  const start = { line: 1, column: 1 };
  const writesNothing = !statements.some(
    ({ tokens, parsed, fault }) => parsed?.kind === "insert" || fault || tokens[0]?.word === "INSERT",
  );
  if (writesNothing) report(start, { message: "the file has no INSERT INTO, so that the job would do nothing" });
  for (const name of new Set(reads.map((relation) => relation.from ?? relation.name))) {
    const views = reads.filter(({ from }) => from === name).map((relation) => relation.name);
    if ([name, ...views].some((relation) => catalog.read.has(relation))) continue;
    const as = views.length > 0 ? `, neither itself nor as ${views.map(quoted).join(", ")}` : "";
    const message = `${job} declares that it reads ${quoted(name)}, and the file never does${as}`;
    report(start, { message, given: name, fix: "Read it, or take it out of the job's `reads`." });
  }
  for (const { name } of writes) {
    if (catalog.written.has(name) || writesNothing) continue;
    const message = `${job} declares that it writes ${quoted(name)}, and no INSERT does`;
    report(start, { message, given: name, fix: "Insert into it, or take it out of the job's `writes`." });
  }
}
