import {
  accept,
  at,
  type Cursor,
  expect,
  fail,
  is,
  list,
  name,
  notUnderstood,
  path,
  peek,
  skipBrackets,
} from "./cursor";
import { parseExpression } from "./expressions";
import { parseOrderBy, parseQuery, parseWindow, startsQuery } from "./queries";
import type { Expression } from "./syntax";
import { parseCastType } from "./types";

const open = (parts: readonly Expression[]): Expression => ({ kind: "open", parts });

/** Functions whose arguments have a grammar of their own, by what may stand between two expressions there. */
const wordsInside: Readonly<Record<string, readonly string[]>> = {
  TRIM: ["BOTH", "LEADING", "TRAILING", "FROM"],
  SUBSTRING: ["FROM", "FOR"],
  OVERLAY: ["PLACING", "FROM", "FOR"],
  POSITION: ["IN", "FROM"],
  EXTRACT: ["FROM"],
  CEIL: ["TO"],
  CEILING: ["TO"],
  FLOOR: ["TO"],
  TRANSLATE: ["USING"],
  CONVERT: ["USING"],
};
/** Functions whose arguments are units of time too: their words are not columns. */
const unitsInside =
  /^(EXTRACT|CEIL|CEILING|FLOOR|TIMESTAMPADD|TIMESTAMPDIFF|(DATE|TIME|DATETIME|TIMESTAMP)_(DIFF|TRUNC|ADD|SUB))$/;
const unit =
  /^(MILLENNIUM|CENTURY|DECADE|EPOCH|YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND|MILLISECOND|MICROSECOND|NANOSECOND|DOW|DOY|ISODOW|ISOYEAR)S?$/;

/** From `(`, the function's name being taken. `word`: the name in upper case, empty for what is quoted or has several parts. */
export function parseCall(c: Cursor, word: string): Expression {
  expect(c, "(");
  const outer = c.noIn;
  c.noIn = word === "POSITION";
  const value = parseArguments(c, word);
  c.noIn = outer;
  expect(c, ")");
  return parseBehindCall(c, value);
}

function parseArguments(c: Cursor, word: string): Expression {
  if (["CAST", "TRY_CAST", "SAFE_CAST"].includes(word)) {
    const of = parseExpression(c);
    expect(c, "AS");
    return { kind: "cast", of, type: parseCastType(c) };
  }
  if (word === "DESCRIPTOR") {
    if (!at(c, ")")) list(c, () => name(c, "a column")); // columns of another argument
    return open([]);
  }
  if (word.startsWith("JSON_")) return parseJsonArguments(c);
  const special = wordsInside[word];
  if (special || unitsInside.test(word)) return parseSpecialArguments(c, word, special ?? []);
  if (at(c, ")")) return word === "ROW" ? fail(c, "expected an expression") : open([]);
  if (accept(c, "*")) return open([]);
  if (!accept(c, "DISTINCT")) accept(c, "ALL");
  const parts = list(c, parseArgument);
  if (at(c, "ORDER")) parts.push(...parseOrderBy(c));
  if (at(c, "SEPARATOR", "LIMIT", "IGNORE", "RESPECT")) notUnderstood();
  return open(parts);
}

function parseArgument(c: Cursor): Expression {
  if (is(peek(c, 1), "=>")) {
    name(c, "the name of an argument");
    c.at++;
  }
  if (accept(c, "DEFAULT")) return open([]);
  if (at(c, "TABLE") && !is(peek(c, 1), "(")) return parseTableArgument(c);
  return startsQuery(c) && !at(c, "(") ? { kind: "query", query: parseQuery(c) } : parseExpression(c);
}

/** `TABLE x [PARTITION BY …] [ORDER BY …]` */
function parseTableArgument(c: Cursor): Expression {
  c.at++;
  const relation: Expression = { kind: "relation", name: path(c, "a table") };
  while (!at(c, ",", ")")) {
    if (peek(c).kind === "end") fail(c, "expected )");
    if (at(c, "(")) skipBrackets(c);
    else c.at++;
  }
  return relation;
}

/** Expressions with commas or the function's own words between them; what fits neither may still be right. */
function parseSpecialArguments(c: Cursor, word: string, words: readonly string[]): Expression {
  const parts: Expression[] = [];
  c.lenient++;
  while (!at(c, ")")) {
    if (accept(c, ",") || at(c, ...words)) {
      if (at(c, ...words)) c.at++;
    } else if (unitsInside.test(word) && unit.test(peek(c).word) && is(peek(c, 1), ",", ")", "FROM")) c.at++;
    else {
      parts.push(parseExpression(c));
      if (!at(c, ")", ",", ...words)) notUnderstood();
    }
  }
  c.lenient--;
  return open(parts);
}

const jsonWords = [
  ..."NULL ABSENT ON EMPTY ERROR TRUE FALSE UNKNOWN WITH WITHOUT CONDITIONAL UNCONDITIONAL ARRAY WRAPPER OBJECT".split(
    " ",
  ),
  ..."FORMAT JSON KEY UTF8 UTF16 UTF32 ENCODING KEEP OMIT QUOTES VALUE : ,".split(" "),
];

/** JSON functions: expressions between clauses such as `NULL ON EMPTY`, `RETURNING STRING`, `KEY 'a' VALUE b`. */
function parseJsonArguments(c: Cursor): Expression {
  const parts: Expression[] = [];
  c.lenient++;
  while (!at(c, ")")) {
    if (accept(c, "RETURNING")) parseCastType(c);
    else if (accept(c, "DEFAULT")) parts.push(parseExpression(c));
    else if (at(c, "ORDER")) parts.push(...parseOrderBy(c));
    else if (at(c, ...jsonWords) && !(at(c, "ARRAY") && is(peek(c, 1), "["))) c.at++;
    else parts.push(parseExpression(c));
  }
  c.lenient--;
  return open(parts);
}

/** `WITHIN GROUP (…)`, `FILTER (…)`, `IGNORE NULLS`, `OVER (…)` */
function parseBehindCall(c: Cursor, call: Expression): Expression {
  const parts = [call];
  if (accept(c, "WITHIN", "GROUP")) {
    expect(c, "(");
    parts.push(...parseOrderBy(c));
    expect(c, ")");
  }
  if (at(c, "IGNORE", "RESPECT") && is(peek(c, 1), "NULLS")) c.at += 2;
  if (accept(c, "FILTER")) {
    expect(c, "(", "WHERE");
    parts.push(parseExpression(c));
    expect(c, ")");
  }
  if (at(c, "IGNORE", "RESPECT") && is(peek(c, 1), "NULLS")) c.at += 2;
  if (accept(c, "OVER")) {
    if (at(c, "(")) parts.push(...parseWindow(c));
    else name(c, "a window");
  }
  return parts.length === 1 ? call : open(parts);
}
