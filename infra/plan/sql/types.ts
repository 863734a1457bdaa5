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
  nested,
  notUnderstood,
  path,
  peek,
  SyntaxFault,
  take,
} from "./cursor";
import { tokenize } from "./tokens";

/** A Flink type as far as fields can be reached through it. `unknown` has any field. */
export type Type =
  | { readonly kind: "row"; readonly fields: readonly Field[] }
  | { readonly kind: "array"; readonly element: Type }
  | { readonly kind: "map"; readonly value: Type }
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "unknown" };
export interface Field {
  readonly name: string;
  readonly type: Type;
}

export const unknown: Type = { kind: "unknown" };

const plainTypes = new Set(
  `CHAR CHARACTER VARCHAR STRING BINARY VARBINARY BYTES BOOLEAN DECIMAL DEC NUMERIC TINYINT SMALLINT INT INTEGER BIGINT
   FLOAT REAL DOUBLE DATE TIME TIMESTAMP TIMESTAMP_LTZ`.split(/\s+/),
);

/** The type that the text says, `unknown` for what it does not understand. Never throws. */
export function typeOf(text: string): Type {
  try {
    const c = cursorOn(tokenize(text));
    const type = parseType(c);
    return peek(c).kind === "end" ? type : unknown;
  } catch (error) {
    if (error instanceof SyntaxFault || error instanceof NotUnderstood) return unknown;
    throw error;
  }
}

/** A type inside another or of a column, with `NOT NULL` behind it or not. */
function parseType(c: Cursor): Type {
  const type = parseCastType(c);
  if (!accept(c, "NOT", "NULL")) accept(c, "NULL");
  return type;
}

/** What CAST turns its operand into: Flink takes no `NOT NULL` there. */
export function parseCastType(c: Cursor): Type {
  return nested(c, () => {
    let type = baseType(c);
    for (;;) {
      if (accept(c, "ARRAY")) type = { kind: "array", element: type };
      else if (accept(c, "MULTISET")) type = unknown;
      else return type;
    }
  });
}

function baseType(c: Cursor): Type {
  if (accept(c, "ROW")) return rowType(c);
  if (accept(c, "ARRAY")) return { kind: "array", element: inAngles(c) };
  if (accept(c, "MULTISET")) {
    inAngles(c);
    return unknown;
  }
  if (accept(c, "MAP")) {
    expect(c, "<");
    parseType(c);
    expect(c, ",");
    const value = parseType(c);
    expect(c, ">");
    return { kind: "map", value };
  }
  const word = peek(c).word;
  if (plainTypes.has(word)) return plainType(c);
  if (accept(c, "VARIANT") || accept(c, "BITMAP")) return unknown;
  if (isName(peek(c))) {
    path(c, "a type"); // someone's own
    return unknown;
  }
  // RAW, STRUCTURED, INTERVAL DAY TO SECOND, …: rare, and without fields to check.
  return word ? notUnderstood() : fail(c, "expected a type");
}

function plainType(c: Cursor): Type {
  const text = take(c).word;
  accept(c, "PRECISION");
  accept(c, "VARYING");
  if (accept(c, "(")) {
    list(c, take);
    expect(c, ")");
  }
  const zone = ["WITH", "WITHOUT"].some((word) => at(c, word) && is(peek(c, 1), "LOCAL", "TIME"));
  if (zone) {
    c.at++;
    accept(c, "LOCAL");
    expect(c, "TIME", "ZONE");
  }
  return { kind: "plain", text };
}

function inAngles(c: Cursor): Type {
  expect(c, "<");
  const type = parseType(c);
  expect(c, ">");
  return type;
}

function rowType(c: Cursor): Type {
  if (accept(c, "<>")) return { kind: "row", fields: [] };
  const close = accept(c, "<") ? ">" : ")";
  if (close === ")") expect(c, "(");
  if (accept(c, close)) return { kind: "row", fields: [] };
  const fields = list(c, () => {
    const field = take(c);
    if (field.kind !== "word" && field.kind !== "quoted") {
      c.at--;
      fail(c, "expected the name of a field");
    }
    const type = parseType(c);
    if (peek(c).kind === "string") c.at++; // a comment
    return { name: field.text, type };
  });
  expect(c, close);
  return { kind: "row", fields };
}
