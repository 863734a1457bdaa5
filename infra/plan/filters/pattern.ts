/**
 * Regular expressions that mean the same in Java, where Flink runs them, and in JavaScript, where the dry run does.
 * A pattern is read into a tree of sets of code points and printed for each of the two, so that what differs between
 * them (`.` and line ends, `$`, `\s`, `\b`, what needs escaping) is settled here. What cannot be the same is refused.
 *
 * Limits keep one odd event from stopping a job: Java recurses for each repetition of a group, and overflows its stack
 * after some thousands; unbounded repetitions inside repeated groups can take exponential time.
 */
export type Pattern =
  | { readonly kind: "set"; readonly ranges: readonly Range[] }
  | { readonly kind: "start" | "end" | "boundary" }
  | { readonly kind: "group"; readonly alternatives: readonly (readonly Pattern[])[] }
  /** `max` is Infinity without a bound. */
  | { readonly kind: "repeat"; readonly what: Pattern; readonly min: number; readonly max: number };
/** First and last code point. */
export type Range = readonly [number, number];

export interface Refused {
  readonly reason: string;
  readonly fix?: string;
}
export const isRefused = (result: Pattern | Refused): result is Refused => "reason" in result;

export const maxPatternLength = 1000;
export const maxRepeat = 1000;
export const maxGroupRepeat = 100;
export const lastCodePoint = 0x10ffff;

const digits: Range[] = [[0x30, 0x39]];
const words: Range[] = [...digits, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const spaces: Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
const lineEnds: Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x85, 0x85],
  [0x2028, 0x2029],
];
const classes: Readonly<Record<string, Range[]>> = { d: digits, w: words, s: spaces };
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, r: 0x0d, f: 0x0c };

class PatternError extends Error {
  constructor(
    readonly reason: string,
    readonly fix?: string,
  ) {
    super(reason);
  }
}

interface Reader {
  readonly chars: readonly string[];
  at: number;
}

/** Reads a pattern, or says what of it is not supported. Never throws. */
export function parsePattern(source: string): Pattern | Refused {
  const chars = [...source];
  if (chars.length === 0) return { reason: "The pattern is empty.", fix: "Use isNotNull to ask for any text." };
  if (chars.length > maxPatternLength) {
    return { reason: `The pattern has ${chars.length} characters; at most ${maxPatternLength} are allowed.` };
  }
  const reader: Reader = { chars, at: 0 };
  try {
    const pattern = readAlternatives(reader);
    if (reader.at < chars.length) throw new PatternError("A ) closes no group.", "Escape it: \\)");
    return pattern;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { reason: error.reason, ...(error.fix !== undefined && { fix: error.fix }) };
  }
}

const peek = (reader: Reader): string | undefined => reader.chars[reader.at];
function take(reader: Reader, expected: string): boolean {
  if (peek(reader) !== expected) return false;
  reader.at++;
  return true;
}

function readAlternatives(reader: Reader): Pattern {
  const alternatives: Pattern[][] = [[]];
  for (let next = peek(reader); next !== undefined && next !== ")"; next = peek(reader)) {
    if (take(reader, "|")) alternatives.push([]);
    else (alternatives.at(-1) as Pattern[]).push(readRepeated(reader));
  }
  return { kind: "group", alternatives };
}

function readRepeated(reader: Reader): Pattern {
  const what = readAtom(reader);
  const bounds = readBounds(reader);
  if (!bounds) return what;
  if (what.kind !== "set" && what.kind !== "group")
    throw new PatternError("A quantifier follows an anchor, which cannot repeat.");
  const [min, max] = bounds;
  if (what.kind === "group" && max > 1) checkGroup(what, max);
  take(reader, "?"); // lazy or greedy decides what is found, not whether
  if (peek(reader) === "+") throw new PatternError("Possessive quantifiers (*+, ++, ?+, {n}+) are not supported.");
  if (readBounds(reader))
    throw new PatternError("A quantifier follows a quantifier.", "Put the repeated part into a group.");
  return { kind: "repeat", what, min, max };
}

function checkGroup(group: Pattern, max: number): void {
  if (max > maxGroupRepeat) {
    throw new PatternError(
      `A group repeats ${max === Infinity ? "without a bound" : `up to ${max} times`}; at most ${maxGroupRepeat} times are allowed.`,
      `Give a bound such as (…){0,${maxGroupRepeat}}; a single character or a class may repeat freely.`,
    );
  }
  if (hasUnbounded(group)) {
    throw new PatternError(
      "A repeated group contains *, + or {n,}, which can take exponential time.",
      "Give the inner quantifier a bound such as {1,20}.",
    );
  }
}

function hasUnbounded(pattern: Pattern): boolean {
  if (pattern.kind === "group") return pattern.alternatives.flat().some(hasUnbounded);
  return pattern.kind === "repeat" && (pattern.max === Infinity || hasUnbounded(pattern.what));
}

function readBounds(reader: Reader): readonly [number, number] | undefined {
  if (take(reader, "*")) return [0, Infinity];
  if (take(reader, "+")) return [1, Infinity];
  if (take(reader, "?")) return [0, 1];
  if (peek(reader) !== "{") return undefined;
  const [text, low, comma, high] =
    /^\{(\d+)(,?)(\d*)\}/.exec(reader.chars.slice(reader.at, reader.at + 20).join("")) ?? [];
  if (text === undefined || (!comma && high))
    throw new PatternError("A { begins no quantifier {n}, {n,} or {n,m}.", "Escape it: \\{");
  reader.at += text.length;
  const min = Number(low);
  const max = high ? Number(high) : comma ? Infinity : min;
  if (min > max) throw new PatternError(`The quantifier ${text} has its bounds reversed.`);
  if (min > maxRepeat || (max > maxRepeat && max !== Infinity)) {
    throw new PatternError(`The quantifier ${text} is too large; at most ${maxRepeat} is allowed.`);
  }
  return [min, max];
}

function readAtom(reader: Reader): Pattern {
  const char = peek(reader) as string;
  reader.at++;
  if (char === "^") return { kind: "start" };
  if (char === "$") return { kind: "end" };
  if (char === ".") return { kind: "set", ranges: complement(lineEnds) };
  if (char === "(") return readGroup(reader);
  if (char === "[") return readClass(reader);
  if (char === "\\") {
    if (take(reader, "b")) return { kind: "boundary" };
    return { kind: "set", ranges: readEscape(reader) };
  }
  if (char === "*" || char === "+" || char === "?")
    throw new PatternError(`The quantifier ${char} has nothing to repeat.`, `Escape it: \\${char}`);
  if (char === "{" || char === "}" || char === "]")
    throw new PatternError(`A ${char} stands alone.`, `Escape it: \\${char}`);
  return { kind: "set", ranges: one(char) };
}

function readGroup(reader: Reader): Pattern {
  if (take(reader, "?") && !take(reader, ":")) {
    const after = reader.chars.slice(reader.at, reader.at + 2).join("");
    const what =
      after.startsWith("=") || after.startsWith("!")
        ? "Lookahead"
        : after === "<=" || after === "<!"
          ? "Lookbehind"
          : after.startsWith("<") || after.startsWith("P")
            ? "A named group"
            : after.startsWith(">")
              ? "An atomic group"
              : "An inline flag";
    throw new PatternError(
      `${what} (?${after.slice(0, what === "Lookbehind" ? 2 : 1)}…) is not supported.`,
      flagFix(what),
    );
  }
  const group = readAlternatives(reader);
  if (!take(reader, ")")) throw new PatternError("A group is not closed: a ) is missing.");
  return group;
}

const flagFix = (what: string): string | undefined =>
  what === "A named group" ? "Use (…)." : what === "An inline flag" ? "Spell both cases out: [Gg]old." : undefined;

/** One character of a class, or a class of its own such as `\d`. */
function readMember(reader: Reader): readonly Range[] {
  const char = peek(reader);
  if (char === undefined) throw new PatternError("A character class is not closed: a ] is missing.");
  reader.at++;
  if (char === "\\") return readEscape(reader);
  if (char === "[")
    throw new PatternError(
      "A [ inside a character class means different things in Java and JavaScript.",
      "Escape it: \\[",
    );
  if (char === "&" && peek(reader) === "&")
    throw new PatternError("Intersections of character classes (&&) are not supported.", "Escape it: \\&");
  return one(char);
}

function readClass(reader: Reader): Pattern {
  const negated = take(reader, "^");
  const ranges: Range[] = [];
  if (peek(reader) === "]") throw new PatternError("A character class is empty.", "Escape a ] that is meant: \\]");
  while (!take(reader, "]")) {
    const member = readMember(reader);
    const isRange = peek(reader) === "-" && reader.chars[reader.at + 1] !== "]";
    if (!isRange) {
      ranges.push(...member);
      continue;
    }
    reader.at++;
    const [first, last] = [single(member), single(readMember(reader))];
    if (first === undefined || last === undefined) {
      throw new PatternError(
        "A range in a character class begins or ends with a class such as \\d.",
        "Escape a - that is meant: \\-",
      );
    }
    if (first > last) {
      throw new PatternError(`The range ${String.fromCodePoint(first)}-${String.fromCodePoint(last)} is reversed.`);
    }
    ranges.push([first, last]);
  }
  return { kind: "set", ranges: negated ? complement(merge(ranges)) : merge(ranges) };
}

function single(ranges: readonly Range[]): number | undefined {
  const [range] = ranges;
  return ranges.length === 1 && range && range[0] === range[1] ? range[0] : undefined;
}

function readEscape(reader: Reader): readonly Range[] {
  const char = peek(reader);
  if (char === undefined) throw new PatternError("The pattern ends with a backslash.", "Escape it: \\\\");
  reader.at++;
  const lower = char.toLowerCase();
  const known = /^[dwsDWS]$/.test(char) ? classes[lower] : undefined;
  if (known) return char === lower ? known : complement(known);
  const control = controls[char];
  if (control !== undefined) return [[control, control]];
  if (char === "x" || char === "u") return [readHex(reader, char)];
  if (/^[!-/:-@[-`{-~ ]$/.test(char)) return one(char);
  const what = /^[1-9k]$/.test(char)
    ? "Back references are"
    : /^[pP]$/.test(char)
      ? "Unicode properties (\\p) are"
      : `The escape \\${char} is`;
  throw new PatternError(
    `${what} not supported.`,
    "Escapes that are: \\d \\D \\w \\W \\s \\S \\b \\t \\n \\r \\f \\xHH \\uHHHH, and \\ before punctuation.",
  );
}

function readHex(reader: Reader, kind: "x" | "u"): Range {
  const length = kind === "x" ? 2 : 4;
  const text = reader.chars.slice(reader.at, reader.at + length).join("");
  if (text.length !== length || !/^[0-9a-fA-F]+$/.test(text)) {
    throw new PatternError(`The escape \\${kind}${text} lacks its ${length} hexadecimal digits.`);
  }
  const code = Number.parseInt(text, 16);
  if (code >= 0xd800 && code <= 0xdfff) {
    throw new PatternError(`The escape \\u${text} is half a character.`, "Write the character itself.");
  }
  reader.at += length;
  return [code, code];
}

const one = (char: string): Range[] => [[char.codePointAt(0) as number, char.codePointAt(0) as number]];

function merge(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function complement(ranges: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) rest.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) rest.push([next, lastCodePoint]);
  return rest;
}

export const isAnyButLineEnds = (ranges: readonly Range[]): boolean =>
  JSON.stringify(ranges) === JSON.stringify(complement(lineEnds));
