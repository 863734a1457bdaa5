import { nearest } from "../problems";
import {
  accept,
  at,
  type Cursor,
  cursorOn,
  expect,
  fail,
  is,
  isName,
  list,
  NotUnderstood,
  name,
  names,
  path,
  peek,
  SyntaxFault,
} from "./cursor";
import { parseExpression } from "./expressions";
import { parseQuery, startsQuery } from "./queries";
import type { Name, Parsed } from "./syntax";
import { type Token, tokenize } from "./tokens";

/** What is wrong with a statement as such. */
export interface Fault {
  readonly token: Token;
  readonly message: string;
  readonly fix?: string;
  readonly refused?: boolean;
}
export interface Statement {
  /** Without the semicolon, never empty but for the last one, of kind `end`. */
  readonly tokens: readonly Token[];
  /** Absent when it is wrong or when it was not understood. */
  readonly parsed?: Parsed;
  readonly fault?: Fault;
}

/** Statements that have no place in a job's file, by how they begin, and why. */
const refused: readonly (readonly [words: readonly string[], reason: string, fix: string])[] = [
  [
    ["CREATE", "TABLE"],
    "tables follow from what the job reads and writes, and from their schemas",
    "Declare the topic or table in the job's `reads` or `writes`, and delete the statement.",
  ],
  [["CREATE", "FUNCTION"], "jobs are SQL alone", "Use Flink's own functions."],
  [["CREATE", "CATALOG"], "the platform sets the catalog", "Delete the statement."],
  [["EXECUTE"], "all INSERTs of a file become one statement set anyway", "Leave only the INSERT statements."],
  [["BEGIN"], "all INSERTs of a file become one statement set anyway", "Leave only the INSERT statements."],
  [["UPSERT"], "whether a row is replaced follows from the key of what is written", "Write INSERT INTO."],
  [["SELECT"], "its result goes nowhere", "Write INSERT INTO … or CREATE VIEW … AS in front of it."],
  [["WITH"], "its result goes nowhere", "Write INSERT INTO … or CREATE VIEW … AS in front of it."],
  [["VALUES"], "its result goes nowhere", "Write INSERT INTO … in front of it."],
  [["DROP"], "a job's views end with the job", "Delete the statement."],
];
const otherWords =
  "ADD ALTER ANALYZE CALL COMPILE CREATE DELETE DESC DESCRIBE EXPLAIN HELP LOAD MERGE QUIT REMOVE REPLACE RESET SHOW STOP TRUNCATE UNLOAD UPDATE USE";
const others = new Set(otherWords.split(" "));
const allowed = "CREATE VIEW, INSERT INTO and SET";

/** The file's statements, each with what is wrong with it. Never throws. */
export function parseStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let inSet = false;
  for (const tokens of split(tokenize(text))) {
    const statement = parseStatement(tokens);
    const first = tokens[0] as Token;
    // The END of a statement set that was already refused.
    if (inSet && is(first, "END") && tokens.length === 2) continue;
    inSet ||= is(first, "EXECUTE", "BEGIN");
    statements.push(statement);
  }
  return statements;
}

function split(tokens: readonly Token[]): Token[][] {
  const found: Token[][] = [];
  let current: Token[] = [];
  for (const token of tokens) {
    const ends = token.kind === "end" || is(token, ";");
    if (!ends) current.push(token);
    else if (current.length > 0) {
      found.push([...current, { ...token, kind: "end", text: "" }]);
      current = [];
    }
  }
  return found;
}

function parseStatement(tokens: readonly Token[]): Statement {
  const bad = tokens.find((token) => token.kind === "bad");
  if (bad) return { tokens, fault: { token: bad, message: bad.message ?? "this cannot stand here" } };
  try {
    const c = cursorOn(tokens);
    const refusal = refuse(c);
    if (refusal) return { tokens, fault: refusal };
    const parsed = parse(c);
    if (peek(c).kind !== "end") {
      fail(c, `${peek(c).text === ")" ? "a bracket was never opened" : "this cannot stand here"}`, hint(c));
    }
    return { tokens, parsed };
  } catch (error) {
    if (error instanceof NotUnderstood) return { tokens };
    if (error instanceof SyntaxFault) {
      return { tokens, fault: { token: error.token, message: error.message, ...(error.fix && { fix: error.fix }) } };
    }
    throw error;
  }
}

/** A misspelt keyword is taken for an alias, and the parser stumbles one word later. */
function hint(c: Cursor): string | undefined {
  const before = c.tokens[c.at - 1];
  for (const token of [before, peek(c)]) {
    if (token?.kind !== "word" || token.word.length < 4) continue;
    const meant = nearest(token.word, [
      "FROM",
      "WHERE",
      "GROUP",
      "HAVING",
      "ORDER",
      "UNION",
      "JOIN",
      "LEFT",
      "INNER",
      "LIMIT",
    ]);
    if (meant && meant !== token.word) return `Is ${token.text} meant to be ${meant}?`;
  }
  return undefined;
}

function refuse(c: Cursor): Fault | undefined {
  const token = c.tokens.find((t) => !is(t, "(")) ?? peek(c);
  const before = ["CREATE", "OR", "REPLACE", "TEMPORARY", "SYSTEM"];
  const created = token.word === "CREATE" ? c.tokens.find((t) => !before.includes(t.word))?.word : undefined;
  if (created === "VIEW" || created === "") return undefined;
  for (const [[first, second], reason, fix] of refused) {
    if (first !== token.word || second !== created) continue;
    const message = `${second ? `${first} ${second}` : first} has no place in a job: ${reason}`;
    return { token, message, fix, refused: true };
  }
  if (!others.has(token.word)) return undefined;
  return { token, message: `${token.word} has no place in a job: its file holds only ${allowed}`, refused: true };
}

function parse(c: Cursor): Parsed {
  if (accept(c, "CREATE")) return parseView(c);
  if (accept(c, "INSERT")) return parseInsert(c);
  if (accept(c, "SET")) return parseSet(c);
  const meant = nearest(peek(c).word, ["CREATE", "INSERT", "SET"]);
  return fail(c, `expected ${allowed}`, meant && peek(c).word.length > 2 ? `Write ${meant}.` : undefined);
}

function parseView(c: Cursor): Parsed {
  if (accept(c, "OR")) expect(c, "REPLACE");
  accept(c, "TEMPORARY");
  expect(c, "VIEW");
  if (accept(c, "IF")) expect(c, "NOT", "EXISTS");
  const called = path(c, "the name of a view");
  const columns = names(c, "a column");
  if (accept(c, "COMMENT")) {
    if (peek(c).kind !== "string") fail(c, "expected a string after COMMENT");
    c.at++;
  }
  expect(c, "AS");
  const query = parseQuery(c);
  return { kind: "view", name: called, query, ...(columns && { columns }) };
}

function parseInsert(c: Cursor): Parsed {
  if (!accept(c, "INTO") && !accept(c, "OVERWRITE")) fail(c, "expected INTO");
  const target = path(c, "the name of a table");
  const partition = accept(c, "PARTITION") ? parsePartition(c) : [];
  const columns = at(c, "(") && isName(peek(c, 1)) ? parseColumns(c) : undefined;
  if (!startsQuery(c) && !at(c, "(")) fail(c, "expected SELECT, VALUES or WITH");
  const query = parseQuery(c);
  if (accept(c, "ON")) {
    expect(c, "CONFLICT", "DO");
    if (!["ERROR", "NOTHING", "DEDUPLICATE"].some((what) => accept(c, what)))
      fail(c, "expected ERROR, NOTHING or DEDUPLICATE");
  }
  return { kind: "insert", target, partition, query, ...(columns && { columns }) };
}

/** The columns listed; of `a.b`, a field, the column. */
function parseColumns(c: Cursor): Name[] {
  expect(c, "(");
  const columns = list(c, () => path(c, "a column")[0] as Name);
  expect(c, ")");
  return columns;
}

function parsePartition(c: Cursor): Name[] {
  expect(c, "(");
  const columns = list(c, () => {
    const column = name(c, "a column");
    expect(c, "=");
    parseExpression(c);
    return column;
  });
  expect(c, ")");
  return columns;
}

function parseSet(c: Cursor): Parsed {
  const text = () => {
    const token = peek(c);
    if (token.kind !== "string" || !token.text.startsWith("'")) {
      fail(c, "expected a string", "Write SET 'key' = 'value', both in single quotes.");
    }
    c.at++;
    return { text: token.text.slice(1, -1).replaceAll("''", "'"), line: token.line, column: token.column };
  };
  const key = text();
  expect(c, "=");
  return { kind: "set", key, value: text().text };
}
