import { complement, isAnyButLineEnds, lastCodePoint, type Pattern, type Range } from "./pattern";

type Dialect = "java" | "javascript";

/** The pattern for `java.util.regex`, to be searched for anywhere, without flags. */
export const javaPattern = (pattern: Pattern): string => print(pattern, "java", true);

/** The pattern for JavaScript. */
export const javascriptPattern = (pattern: Pattern): RegExp => new RegExp(print(pattern, "javascript", true), "u");

const word = "[0-9A-Z_a-z]";
/** `\b` over ASCII: Java counts combining marks in, and before version 19 all of Unicode. */
const boundary = `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;

function print(pattern: Pattern, dialect: Dialect, outermost = false): string {
  switch (pattern.kind) {
    case "start":
      return "^";
    case "end": // Java's $ also matches before a line end that ends the text
      return dialect === "java" ? "\\z" : "$";
    case "boundary":
      return boundary;
    case "set":
      return printSet(pattern.ranges, dialect);
    case "group": {
      const text = pattern.alternatives.map((parts) => parts.map((part) => print(part, dialect)).join("")).join("|");
      return outermost ? text : `(?:${text})`;
    }
    case "repeat":
      return printRepeat(print(pattern.what, dialect), pattern.min, pattern.max);
  }
}

function printRepeat(what: string, min: number, max: number): string {
  if (max === Infinity) {
    // Java runs x* and x+ in a loop, x{n,} may recurse
    return min === 0 ? `${what}*` : min === 1 ? `${what}+` : `${what}{${min}}${what}*`;
  }
  if (min === 0 && max === 1) return `${what}?`;
  return `${what}{${min === max ? min : `${min},${max}`}}`;
}

function printSet(ranges: readonly Range[], dialect: Dialect): string {
  const [first] = ranges;
  if (!first) return "(?!)"; // [^\d\D] matches nothing
  if (ranges.length === 1 && first[0] === first[1]) return printChar(first[0], dialect, false);
  if (dialect === "java" && isAnyButLineEnds(ranges)) return ".";
  const negate = ranges.at(-1)?.[1] === lastCodePoint && ranges.length > 1;
  const printed = (negate ? complement(ranges) : ranges).map(([from, to]) =>
    from === to ? printChar(from, dialect, true) : `${printChar(from, dialect, true)}-${printChar(to, dialect, true)}`,
  );
  return `[${negate ? "^" : ""}${printed.join("")}]`;
}

function printChar(code: number, dialect: Dialect, inClass: boolean): string {
  const char = String.fromCodePoint(code);
  if (/^[\^$\\.*+?()[\]{}|/]$/.test(char)) return `\\${char}`;
  if (inClass && char === "-") return "\\-";
  if (inClass && char === "&") return "\\x26"; // Java reads && as an intersection
  const unseen = code !== 0x20 && /^[\p{Z}\p{C}\p{M}]$/u.test(char);
  if (!unseen) return char;
  return code <= 0xffff
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\${dialect === "java" ? "x" : "u"}{${code.toString(16)}}`;
}
