import { parseCall } from "./calls";
import {
  accept,
  at,
  type Cursor,
  expect,
  fail,
  isName,
  list,
  name,
  names,
  nested,
  notUnderstood,
  path,
  peek,
  skipBrackets,
} from "./cursor";
import { parseExpression } from "./expressions";
import { continueQuery, parseQuery, startsQuery } from "./queries";
import type { Alias, Expression, Name, Query, Source } from "./syntax";

/** What stands behind FROM: relations with commas and joins between them. */
export function parseFrom(c: Cursor): Source {
  return nested(c, () => {
    let left = parseJoins(c, parseSource(c));
    while (accept(c, ",")) left = { kind: "join", left, right: parseJoins(c, parseSource(c)), merges: false };
    return left;
  });
}

function parseJoins(c: Cursor, first: Source): Source {
  let left = first;
  for (;;) {
    const natural = accept(c, "NATURAL");
    if (accept(c, "CROSS") || accept(c, "INNER")) expect(c, "JOIN");
    else if (at(c, "LEFT", "RIGHT", "FULL")) {
      c.at++;
      accept(c, "OUTER");
      expect(c, "JOIN");
    } else if (at(c, "ASOF", "APPLY") && isName(peek(c, 1))) notUnderstood();
    else if (!accept(c, "JOIN")) return natural ? fail(c, "expected JOIN") : left;
    const right = parseSource(c);
    const on = accept(c, "ON") ? parseExpression(c) : undefined;
    const merged = on === undefined && accept(c, "USING");
    if (merged && !names(c, "a column")) fail(c, "expected ( after USING");
    left = { kind: "join", left, right, merges: natural || merged, ...(on && { on }) };
  }
}

const isWindow = (called: readonly Name[]): boolean =>
  called.length === 1 && /^(TUMBLE|HOP|CUMULATE|SESSION)$/i.test(called[0]?.text ?? "");

/** One relation with its alias. */
function parseSource(c: Cursor): Source {
  return nested(c, () => {
    const lateral = accept(c, "LATERAL");
    if (at(c, "(")) return parseBracketed(c, lateral);
    if (at(c, "UNNEST")) return parseUnnest(c);
    if (accept(c, "TABLE")) return parseTableFunction(c);
    if (lateral) return fail(c, "expected TABLE, UNNEST or ( after LATERAL");
    const called = path(c, "a table");
    if (at(c, "EXTEND")) notUnderstood();
    if (at(c, "(")) {
      // A table function without TABLE(…), or columns that a hint adds.
      c.lenient++;
      const inputs = [parseCall(c, "")];
      c.lenient--;
      return withAlias(c, { kind: "open", inputs, window: isWindow(called) });
    }
    const period = parsePeriod(c);
    const table = { kind: "table" as const, name: called, ...(period && { period }) };
    return parseBehind(c, withAlias(c, table));
  });
}

/** `(query)`, or joins in brackets. */
function parseBracketed(c: Cursor, lateral: boolean): Source {
  const derived = (query: Query): Source => parseBehind(c, withAlias(c, { kind: "derived", query, lateral }));
  expect(c, "(");
  if (startsQuery(c)) {
    const query = parseQuery(c);
    expect(c, ")");
    return derived(query);
  }
  const first = parseSource(c);
  // `((SELECT 1) UNION (SELECT 2)) AS t`
  if (first.kind === "derived" && !first.alias) {
    const query = continueQuery(c, first.query);
    if (accept(c, ")")) return derived(query);
  }
  const joined = parseJoins(c, first);
  expect(c, ")");
  return joined;
}

/** `UNNEST(a, b) [WITH ORDINALITY]` */
function parseUnnest(c: Cursor): Source {
  c.at++;
  expect(c, "(");
  const inputs = list(c, parseExpression);
  expect(c, ")");
  if (accept(c, "WITH")) expect(c, "ORDINALITY");
  return withAlias(c, { kind: "open", inputs });
}

/** From behind TABLE: `(TUMBLE(TABLE x, …))` */
function parseTableFunction(c: Cursor): Source {
  expect(c, "(");
  const called = path(c, "a table function");
  if (!at(c, "(")) fail(c, "expected ( after the name of the table function");
  const inputs: Expression[] = [parseCall(c, "")];
  expect(c, ")");
  return withAlias(c, { kind: "open", inputs, window: isWindow(called) });
}

/** `FOR SYSTEM_TIME AS OF …` */
function parsePeriod(c: Cursor): Expression | undefined {
  if (!accept(c, "FOR")) return undefined;
  expect(c, "SYSTEM_TIME", "AS", "OF");
  return parseExpression(c);
}

/** What changes a relation's columns so that they are no longer known. */
function parseBehind(c: Cursor, of: Source): Source {
  if (accept(c, "TABLESAMPLE")) {
    c.at++;
    skipBrackets(c);
    if (accept(c, "REPEATABLE")) skipBrackets(c);
  }
  if (!at(c, "MATCH_RECOGNIZE", "PIVOT", "UNPIVOT")) return of;
  const unpivot = take(c) === "UNPIVOT";
  if (unpivot && (accept(c, "INCLUDE") || accept(c, "EXCLUDE"))) expect(c, "NULLS");
  skipBrackets(c);
  return withAlias(c, { kind: "open", inputs: [], of });
}

function take(c: Cursor): string {
  const { word } = peek(c);
  c.at++;
  return word;
}

/** `[AS] name [(columns)]` */
function withAlias<T extends Source & { alias?: Alias }>(c: Cursor, source: T): T {
  if (!accept(c, "AS") && !isName(peek(c))) return source;
  const called = name(c, "a name after AS");
  const columns = names(c, "a column");
  return { ...source, alias: { name: called, ...(columns && { columns }) } };
}
