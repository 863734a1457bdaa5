import { accept, at, type Cursor, expect, fail, is, isName, list, name, names, nested, path, peek } from "./cursor";
import { parseBracket, parseExpression } from "./expressions";
import { parseFrom } from "./sources";
import type { Body, Expression, Item, Name, Query, Select } from "./syntax";

export const startsQuery = (c: Cursor): boolean =>
  at(c, "SELECT", "WITH", "VALUES") || (at(c, "TABLE") && isName(peek(c, 1)));

/** `[WITH …] SELECT … [UNION …] [ORDER BY …] [LIMIT …]` */
export function parseQuery(c: Cursor): Query {
  return nested(c, () => {
    const ctes: Query["with"][number][] = [];
    const recursive = accept(c, "WITH", "RECURSIVE");
    if (recursive || accept(c, "WITH")) {
      ctes.push(...list(c, parseCte));
    }
    const body = parseSetOperations(c, parsePrimary(c));
    return { with: ctes, body, orderBy: parseTail(c) };
  });
}

/** The rest of a query whose first half stood in brackets of its own; that half when nothing follows. */
export function continueQuery(c: Cursor, first: Query): Query {
  if (!at(c, "UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH")) return first;
  const body = parseSetOperations(c, { kind: "nested", query: first });
  return { with: [], body, orderBy: parseTail(c) };
}

function parseCte(c: Cursor): Query["with"][number] {
  const called = name(c, "the name of a common table expression");
  const columns = names(c, "a column");
  expect(c, "AS", "(");
  const query = parseQuery(c);
  expect(c, ")");
  return { name: called, query, ...(columns && { columns }) };
}

function parseSetOperations(c: Cursor, first: Body): Body {
  let left = first;
  for (;;) {
    if (at(c, "MINUS")) fail(c, "Flink does not know MINUS", "Write EXCEPT.");
    const token = peek(c);
    if (!at(c, "UNION", "EXCEPT", "INTERSECT")) return left;
    c.at++;
    if (!accept(c, "ALL")) accept(c, "DISTINCT");
    const place: Name = { text: token.text, line: peek(c).line, column: peek(c).column };
    left = { kind: "set", left, right: parsePrimary(c), place };
  }
}

function parsePrimary(c: Cursor): Body {
  return nested(c, () => {
    if (accept(c, "(")) {
      const query = parseQuery(c);
      expect(c, ")");
      return { kind: "nested", query };
    }
    if (accept(c, "VALUES")) return { kind: "values", rows: list(c, parseRow) };
    if (accept(c, "TABLE")) return { kind: "table", name: path(c, "a table") };
    if (accept(c, "SELECT")) return parseSelect(c);
    return fail(c, "expected SELECT, VALUES or WITH");
  });
}

/** One row of VALUES: `(1, 2)`, `ROW(1, 2)`, `1` */
function parseRow(c: Cursor): readonly Expression[] {
  const bracketed = accept(c, "ROW", "(") || accept(c, "(");
  if (!bracketed) return [parseExpression(c)];
  const row = list(c, parseValue);
  expect(c, ")");
  return row;
}

function parseValue(c: Cursor): Expression {
  if (accept(c, "DEFAULT")) return { kind: "open", parts: [] };
  return startsQuery(c) ? { kind: "query", query: parseQuery(c) } : parseExpression(c);
}

function parseSelect(c: Cursor): Select {
  accept(c, "STREAM");
  if (!accept(c, "DISTINCT")) accept(c, "ALL");
  const items = list(c, parseItem);
  if (!accept(c, "FROM")) {
    if (at(c, "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW")) fail(c, "expected FROM");
    return { kind: "select", items, filters: [], groups: [] };
  }
  const from = parseFrom(c);
  const filters: Expression[] = [];
  const groups: Expression[] = [];
  if (accept(c, "WHERE")) filters.push(parseExpression(c));
  if (accept(c, "GROUP")) {
    expect(c, "BY");
    if (!accept(c, "DISTINCT")) accept(c, "ALL");
    groups.push(...list(c, parseGroup).flat());
  }
  if (accept(c, "HAVING")) groups.push(parseExpression(c));
  if (accept(c, "WINDOW")) {
    const windows = list(c, () => {
      name(c, "a window");
      expect(c, "AS");
      return parseWindow(c);
    });
    filters.push(...windows.flat());
  }
  if (accept(c, "QUALIFY")) groups.push(parseExpression(c));
  return { kind: "select", items, from, filters, groups };
}

function parseItem(c: Cursor): Item {
  if (accept(c, "*")) return { star: true };
  const value = parseExpression(c);
  if (value.kind === "path" && at(c, ".") && is(peek(c, 1), "*")) {
    c.at += 2;
    return { star: true, value };
  }
  if (accept(c, "AS")) return { star: false, value, alias: name(c, "a name after AS") };
  return isName(peek(c)) ? { star: false, value, alias: name(c, "a name") } : { star: false, value };
}

/** `a`, `(a, b)`, `()`, `ROLLUP(a, b)`, `GROUPING SETS ((a), ())` */
function parseGroup(c: Cursor): Expression[] {
  return nested(c, () => {
    const sets = accept(c, "GROUPING", "SETS") || accept(c, "ROLLUP") || accept(c, "CUBE");
    if (!sets && !(at(c, "(") && is(peek(c, 1), ")"))) return [at(c, "(") ? parseBracketed(c) : parseExpression(c)];
    expect(c, "(");
    const groups = at(c, ")") ? [] : list(c, parseGroup).flat();
    expect(c, ")");
    return groups;
  });
}

/** `(a, b)` as a group, but also `(a + b) * 2`. */
function parseBracketed(c: Cursor): Expression {
  const start = c.at;
  const group = parseBracket(c);
  if (at(c, ",", ")", ";", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT") || peek(c).kind === "end") return group;
  c.at = start;
  return parseExpression(c);
}

/** `([window] [PARTITION BY …] [ORDER BY …] [ROWS | RANGE …])` */
export function parseWindow(c: Cursor): Expression[] {
  const parts: Expression[] = [];
  expect(c, "(");
  if (isName(peek(c))) c.at++;
  if (accept(c, "PARTITION")) {
    expect(c, "BY");
    parts.push(...list(c, parseExpression));
  }
  if (at(c, "ORDER")) parts.push(...parseOrderBy(c));
  if (accept(c, "ROWS") || accept(c, "RANGE")) {
    const between = accept(c, "BETWEEN");
    parts.push(...parseBound(c));
    if (between) {
      expect(c, "AND");
      parts.push(...parseBound(c));
    }
  }
  expect(c, ")");
  return parts;
}

function parseBound(c: Cursor): Expression[] {
  if (accept(c, "CURRENT", "ROW")) return [];
  const parts = accept(c, "UNBOUNDED") ? [] : [parseExpression(c)];
  if (!accept(c, "PRECEDING")) expect(c, "FOLLOWING");
  return parts;
}

export function parseOrderBy(c: Cursor): Expression[] {
  expect(c, "ORDER", "BY");
  return list(c, () => {
    const value = parseExpression(c);
    if (!accept(c, "ASC")) accept(c, "DESC");
    if (accept(c, "NULLS") && !accept(c, "FIRST")) expect(c, "LAST");
    return value;
  });
}

function parseTail(c: Cursor): Expression[] {
  const orderBy = at(c, "ORDER") ? parseOrderBy(c) : [];
  const amount = () => {
    if (peek(c).kind !== "number" && !at(c, "?", "ALL")) fail(c, "expected a number");
    c.at++;
  };
  if (accept(c, "LIMIT")) amount();
  if (accept(c, "OFFSET")) {
    amount();
    if (!accept(c, "ROW")) accept(c, "ROWS");
  }
  if (accept(c, "FETCH")) {
    if (!accept(c, "FIRST")) expect(c, "NEXT");
    amount();
    if (!accept(c, "ROW")) expect(c, "ROWS");
    expect(c, "ONLY");
  }
  return orderBy;
}
