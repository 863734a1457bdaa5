/** One statement of a Postgres script. */
export interface SqlStatement {
  /** Without the semicolon; comments before it are left out. */
  readonly text: string;
  /** Line of its first word; the first line is 1. */
  readonly line: number;
  /** Its bare words in upper case, without those in quotes and comments. */
  readonly words: readonly string[];
}

/** What can begin at a position, the longest meaning first. What is opened and not closed runs to the end of the script. */
const tokens = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*)`,
    String.raw`(?<block>/\*)`,
    String.raw`(?<text>[eE]'(?:[^'\\]|\\.|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$))`,
    String.raw`(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    "(?<end>;)",
    "(?<other>.)",
  ].join("|"),
  "sy",
);

/**
 * Splits a script as Postgres would: quotes, dollar quotes, nested comments, and the bodies of SQL-standard functions (`BEGIN ATOMIC … END`)
 * hold semicolons that end nothing.
 */
export function sqlStatements(sql: string): SqlStatement[] {
  const statements: SqlStatement[] = [];
  let start = -1;
  let words: string[] = [];
  let depth = 0;
  const finish = (end: number) => {
    if (start >= 0) statements.push({ text: sql.slice(start, end).trimEnd(), line: lineAt(sql, start), words });
    [start, words, depth] = [-1, [], 0];
  };
  for (let at = 0; at < sql.length; ) {
    tokens.lastIndex = at;
    const match = tokens.exec(sql) as RegExpExecArray;
    const { space, block, dollar, word, end } = match.groups as Record<string, string | undefined>;
    let next = at + match[0].length;
    if (block) next = endOfComment(sql, at);
    if (dollar) next = endOf(sql, dollar, next);
    if (!space && !block && !end && start < 0) start = at;
    if (word) {
      words.push(word.toUpperCase());
      depth += nesting(words, depth);
    }
    if (end && depth === 0) finish(at);
    at = next;
  }
  finish(sql.length);
  return statements;
}

/** First line is 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** How the last word changes the depth of a function's body, by the rule of psql: only functions and procedures have one. */
function nesting(words: readonly string[], depth: number): number {
  if (words[0] !== "CREATE" || !/^(OR REPLACE )?(FUNCTION|PROCEDURE)\b/.test(words.slice(1, 4).join(" "))) return 0;
  const word = words.at(-1);
  if (word === "BEGIN" || (word === "CASE" && depth > 0)) return 1;
  return word === "END" && depth > 0 ? -1 : 0;
}

function endOfComment(sql: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  for (let depth = 0, mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

function endOf(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from);
  return at < 0 ? sql.length : at + mark.length;
}
