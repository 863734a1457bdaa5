import { parseCall } from "./calls";
import {
  accept,
  at,
  type Cursor,
  expect,
  fail,
  is,
  isName,
  list,
  name,
  nested,
  notUnderstood,
  path,
  peek,
  skipBrackets,
} from "./cursor";
import { continueQuery, parseQuery, startsQuery } from "./queries";
import { isCallable, isReserved, isValue } from "./reserved-words";
import type { Expression, Query } from "./syntax";

const arithmetic = ["+", "-", "*", "/", "%", "||"];
const comparisons = ["=", "<>", "<", "<=", ">", ">="];
const literal: Expression = { kind: "open", parts: [] };
const open = (parts: readonly Expression[]): Expression => ({ kind: "open", parts });
const queryOf = (query: Query): Expression => ({ kind: "query", query });

/** Any expression. Precedence is of no use for finding names, so that operators only line up. */
export function parseExpression(c: Cursor): Expression {
  return nested(c, () => {
    const parts = [parseTerm(c)];
    while (parseRest(c, parts));
    return parts.length === 1 ? (parts[0] as Expression) : open(parts);
  });
}

/** Operands with `+ - * / % ||` between them. */
export function parseTerm(c: Cursor): Expression {
  const parts = [parseOperand(c)];
  while (at(c, ...arithmetic)) {
    c.at++;
    parts.push(parseOperand(c));
  }
  return parts.length === 1 ? (parts[0] as Expression) : open(parts);
}

/** What may follow a term: one logical operator, comparison or predicate, and its right side. */
function parseRest(c: Cursor, parts: Expression[]): boolean {
  if (at(c, "!=")) fail(c, "Flink does not know `!=`", "Write `<>`.");
  if (accept(c, "AND") || accept(c, "OR") || arithmetic.some((operator) => accept(c, operator)))
    parts.push(parseTerm(c));
  else if (at(c, ...comparisons)) {
    c.at++;
    if (at(c, "ANY", "ALL", "SOME") && is(peek(c, 1), "(")) {
      c.at++;
      parts.push(parseBracket(c));
    } else parts.push(parseTerm(c));
  } else if (accept(c, "IS")) parseIs(c, parts);
  else if (accept(c, "MEMBER", "OF") || accept(c, "SUBMULTISET", "OF")) parts.push(parseTerm(c));
  else if (at(c, "OVERLAPS", "CONTAINS", "EQUALS", "PRECEDES", "SUCCEEDS", "MULTISET", "IMMEDIATELY", "FORMAT")) {
    notUnderstood();
  } else return parsePredicate(c, parts);
  return true;
}

function parseIs(c: Cursor, parts: Expression[]): void {
  accept(c, "NOT");
  if (accept(c, "DISTINCT", "FROM")) parts.push(parseTerm(c));
  else if (accept(c, "JSON")) ["VALUE", "OBJECT", "ARRAY", "SCALAR"].some((word) => accept(c, word));
  else if (at(c, "NULL", "TRUE", "FALSE", "UNKNOWN", "EMPTY")) c.at++;
  else if (!accept(c, "A", "SET")) fail(c, "expected NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON after IS");
}

/** `[NOT] BETWEEN | IN | LIKE …` */
function parsePredicate(c: Cursor, parts: Expression[]): boolean {
  const not = at(c, "NOT") ? 1 : 0;
  const next = peek(c, not);
  if (is(next, "BETWEEN")) {
    c.at += not + 1;
    if (!accept(c, "SYMMETRIC")) accept(c, "ASYMMETRIC");
    parts.push(parseTerm(c));
    if (at(c, "OR", "IS", ...comparisons)) notUnderstood();
    expect(c, "AND");
    parts.push(parseTerm(c));
  } else if (is(next, "IN")) {
    if (c.noIn) return false;
    c.at += not + 1;
    if (!at(c, "(")) fail(c, "expected ( after IN");
    parts.push(parseBracket(c));
  } else if (is(next, "LIKE", "ILIKE", "RLIKE") || (is(next, "SIMILAR") && is(peek(c, not + 1), "TO"))) {
    c.at += not + (is(next, "SIMILAR") ? 2 : 1);
    parts.push(parseTerm(c));
    if (accept(c, "ESCAPE")) parts.push(parseTerm(c));
  } else if (not) fail(c, "expected BETWEEN, IN, LIKE or SIMILAR TO after NOT");
  else return false;
  return true;
}

function parseOperand(c: Cursor): Expression {
  return nested(c, () => {
    while (at(c, "+", "-", "NOT")) c.at++;
    let value = parsePrimary(c);
    for (;;) {
      if (at(c, ".") && !is(peek(c, 1), "*")) {
        c.at++;
        value = { kind: "field", of: value, name: name(c, "a field") };
      } else if (accept(c, "[")) {
        value = { kind: "index", of: value, index: parseExpression(c) };
        expect(c, "]");
      } else return value;
    }
  });
}

function parsePrimary(c: Cursor): Expression {
  const token = peek(c);
  if (token.kind === "number") {
    c.at++;
    return literal;
  }
  if (token.kind === "string") return parseString(c);
  if (at(c, "(")) return parseBracket(c);
  if (at(c, "CASE")) return parseCase(c);
  if (at(c, "?", "{", ":")) return notUnderstood();
  if (token.kind !== "word" && token.kind !== "quoted") return fail(c, "expected an expression");

  const next = peek(c, 1);
  if (at(c, "INTERVAL") && !is(next, "(")) return parseInterval(c);
  if (at(c, "DATE", "TIME", "TIMESTAMP") && next.kind === "string") {
    c.at++;
    return parseString(c);
  }
  if (at(c, "TIMESTAMP") && is(next, "WITH", "WITHOUT")) return notUnderstood();
  if (at(c, "ARRAY", "MAP", "MULTISET") && is(next, "[")) return parseConstructor(c);
  if (at(c, "SAFE_OFFSET", "SAFE_ORDINAL", "ORDINAL", "OFFSET") && is(next, "(")) return notUnderstood();
  if (at(c, "NEXT", "CURRENT") && is(next, "VALUE")) return notUnderstood();
  if (at(c, "EXISTS", "UNIQUE") && is(next, "(")) {
    c.at++;
    return parseBracket(c);
  }
  if (isName(token)) {
    const parts = path(c, "a name");
    return at(c, "(")
      ? parseCall(c, parts.length === 1 && token.kind === "word" ? token.word : "")
      : { kind: "path", parts };
  }
  if (is(next, "(") && isCallable(token.word)) {
    c.at++;
    return parseCall(c, token.word);
  }
  if (isValue(token.word)) {
    c.at++;
    return literal;
  }
  if (["SELECT", "FROM", "WHERE", "END", "WHEN", "THEN", "ELSE"].includes(token.word))
    return fail(c, "expected an expression");
  if (isReserved(token.word)) {
    return fail(
      c,
      `expected an expression, and ${token.text} is a reserved word`,
      `Write \`${token.text}\` in back quotes if a column is meant.`,
    );
  }
  return fail(c, "expected an expression");
}

/** Strings one after another are one string; U&'…' may name its escape character. */
function parseString(c: Cursor): Expression {
  while (peek(c).kind === "string") c.at++;
  if (accept(c, "UESCAPE")) c.at++;
  return literal;
}

/** `INTERVAL '1' DAY`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL n SECOND(3)` */
function parseInterval(c: Cursor): Expression {
  c.at++;
  while (at(c, "+", "-")) c.at++;
  const amount = peek(c).kind === "string" ? parseString(c) : parsePrimary(c);
  const unit = () => {
    if (peek(c).kind !== "word" || at(c, "FROM", "AND", "OR"))
      fail(c, "expected a unit of time, such as DAY or SECOND");
    c.at++;
    if (at(c, "(")) skipBrackets(c);
  };
  unit();
  if (accept(c, "TO")) unit();
  return amount;
}

/** `ARRAY[a, b]`, `MAP[key, value]` */
function parseConstructor(c: Cursor): Expression {
  c.at += 2;
  if (accept(c, "]")) return literal;
  const parts = list(c, parseExpression);
  expect(c, "]");
  return open(parts);
}

/** From `(`: an expression, several of them (a row), or a query. */
export function parseBracket(c: Cursor): Expression {
  return nested(c, () => {
    const outer = c.noIn;
    c.noIn = false;
    expect(c, "(");
    const parts = startsQuery(c) ? [queryOf(parseQuery(c))] : list(c, parseExpression);
    const only = parts.length === 1 ? parts[0] : undefined;
    // In `((SELECT 1) UNION (SELECT 2))` what looked like an expression was the first half of a query.
    const value = only?.kind === "query" ? queryOf(continueQuery(c, only.query)) : (only ?? open(parts));
    expect(c, ")");
    c.noIn = outer;
    return value;
  });
}

function parseCase(c: Cursor): Expression {
  c.at++;
  const parts: Expression[] = [];
  if (!at(c, "WHEN")) parts.push(parseExpression(c));
  if (!at(c, "WHEN")) fail(c, "expected WHEN");
  while (accept(c, "WHEN")) {
    parts.push(...list(c, parseExpression));
    expect(c, "THEN");
    parts.push(parseExpression(c));
  }
  if (accept(c, "ELSE")) parts.push(parseExpression(c));
  expect(c, "END");
  return open(parts);
}
