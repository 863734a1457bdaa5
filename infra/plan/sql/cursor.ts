import { isReserved } from "./reserved-words";
import type { Name } from "./syntax";
import type { Token } from "./tokens";

/** A place in the tokens of one statement. */
export interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
  /** How deep expressions and queries are nested. */
  depth: number;
  /** Above 0 inside functions with a grammar of their own: what is not understood there may still be right. */
  lenient: number;
  /** Inside `POSITION(a IN b)`, whose IN is not the predicate. */
  noIn: boolean;
}

/** The statement is wrong: Flink refuses it too. */
export class SyntaxFault extends Error {
  constructor(
    readonly token: Token,
    message: string,
    readonly fix?: string,
  ) {
    super(message);
  }
}
/** The statement may be right, but this parser does not know. Flink's own EXPLAIN decides later. */
export class NotUnderstood extends Error {}

/** JavaScript's stack carries far more; nobody writes SQL that nests this deep. */
const maxDepth = 150;

export const cursorOn = (tokens: readonly Token[]): Cursor => ({ tokens, at: 0, depth: 0, lenient: 0, noIn: false });

/** The token `ahead` of the place; the last one, of kind `end`, for ever after it. */
export const peek = (c: Cursor, ahead = 0): Token => c.tokens[Math.min(c.at + ahead, c.tokens.length - 1)] as Token;
export const take = (c: Cursor): Token => {
  const token = peek(c);
  c.at++;
  return token;
};

/** Whether the token is one of these keywords or operators, in upper case. */
export function is(token: Token, ...texts: string[]): boolean {
  return texts.includes(token.kind === "operator" ? token.text : token.word) && token.text !== "";
}
export const at = (c: Cursor, ...texts: string[]): boolean => is(peek(c), ...texts);

/** Takes these keywords or operators when all of them follow. */
export function accept(c: Cursor, ...texts: string[]): boolean {
  if (!texts.every((text, i) => is(peek(c, i), text))) return false;
  c.at += texts.length;
  return true;
}

export function expect(c: Cursor, ...texts: string[]): void {
  for (const text of texts) if (!accept(c, text)) fail(c, `expected ${text}`);
}

export function fail(c: Cursor, message: string, fix?: string): never {
  if (c.lenient > 0) throw new NotUnderstood();
  throw new SyntaxFault(peek(c), message, fix);
}

export function notUnderstood(): never {
  throw new NotUnderstood();
}

export function nested<T>(c: Cursor, parse: (c: Cursor) => T): T {
  if (++c.depth > maxDepth) notUnderstood();
  const result = parse(c);
  c.depth--;
  return result;
}

export const isName = (token: Token): boolean =>
  token.kind === "quoted" || (token.kind === "word" && !isReserved(token.word));

/** `what` says in an error what the name would be of. */
export function name(c: Cursor, what: string): Name {
  const token = peek(c);
  if (!isName(token)) {
    if (token.kind !== "word") fail(c, `expected ${what}`);
    fail(
      c,
      `expected ${what}, and ${token.text} is a reserved word`,
      `Write \`${token.text}\` in back quotes if it is the name.`,
    );
  }
  c.at++;
  return { text: token.text, line: token.line, column: token.column };
}

export function path(c: Cursor, what: string): Name[] {
  const parts = [name(c, what)];
  while (at(c, ".") && !is(peek(c, 1), "*")) {
    c.at++;
    parts.push(name(c, "a name after the dot"));
  }
  return parts;
}

/** `( a, b )`, or nothing when no bracket follows. */
export function names(c: Cursor, what: string): Name[] | undefined {
  if (!accept(c, "(")) return undefined;
  const found = list(c, () => name(c, what));
  expect(c, ")");
  return found;
}

export function list<T>(c: Cursor, parse: (c: Cursor) => T): T[] {
  const found = [parse(c)];
  while (accept(c, ",")) found.push(parse(c));
  return found;
}

/** Passes over `( … )` with whatever it holds. */
export function skipBrackets(c: Cursor): void {
  expect(c, "(");
  for (let open = 1; open > 0; c.at++) {
    if (peek(c).kind === "end") fail(c, "expected )");
    if (at(c, "(")) open++;
    if (at(c, ")")) open--;
  }
}
