/** One piece of SQL text, with its place in the file. */
export interface Token {
  /** `bad`: what no SQL can hold here, for example a string that never ends; `message` says why. */
  readonly kind: "word" | "quoted" | "string" | "number" | "operator" | "bad" | "end";
  /** As written, except for `quoted`: the name without its back quotes. */
  readonly text: string;
  /** In upper case, empty unless the kind is `word`: keywords are compared with it. */
  readonly word: string;
  /** Offsets into the file's text; `end` is the first one behind the token. */
  readonly start: number;
  readonly end: number;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  readonly message?: string;
}

type Rule = readonly [Token["kind"] | "blank", RegExp, message?: string];

/** In order: the first that matches wins. All are sticky, so that the text is read once. */
const rules: readonly Rule[] = [
  ["blank", /\s+|(?:--|\/\/)[^\n]*|\/\*[\s\S]*?\*\//y],
  ["bad", /\/\*[\s\S]*/y, "this comment never ends: `*/` is missing"],
  // X'0F', N'…', _UTF8'…' and U&'\00e9' are strings too; a quote inside is written twice.
  ["string", /(?:[xXnNeE]|[uU]&|_[A-Za-z][\w-]*)?'(?:[^']|'')*'/y],
  ["bad", /'[\s\S]*/y, "this string never ends: the closing `'` is missing"],
  ["quoted", /`(?:[^`\n]|``)+`/y],
  ["bad", /``/y, "a name in back quotes cannot be empty"],
  ["bad", /`[^\n]*/y, "this name never ends: the closing back quote is missing"],
  ["word", /[\p{L}_$][\p{L}\p{N}_$]*/uy],
  ["number", /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["operator", /<>|!=|<=|>=|\|\||=>|[-+*/%=<>(),.;[\]{}?:]/y],
  ["bad", /"[^"\n]*"?/y, "Flink SQL has no double quotes: write 'text' for a string, `name` for a name"],
  ["bad", /[\s\S]/uy, "this character means nothing in Flink SQL"],
];

/** The whole text as tokens, the last one of kind `end`. Comments and hints are left out. Never throws. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  while (at < text.length) {
    for (const [kind, pattern, message] of rules) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0];
      if (found === undefined) continue;
      const end = at + found.length;
      if (kind !== "blank") {
        const name = kind === "quoted" ? found.slice(1, -1).replaceAll("``", "`") : found;
        const word = kind === "word" ? found.toUpperCase() : "";
        const place = { start: at, end, line, column: at - lineStart + 1 };
        tokens.push({ kind, text: name, word, ...place, ...(message && { message }) });
      }
      for (let i = found.indexOf("\n"); i >= 0; i = found.indexOf("\n", i + 1)) {
        line++;
        lineStart = at + i + 1;
      }
      at = end;
      break;
    }
  }
  tokens.push({ kind: "end", text: "", word: "", start: at, end: at, line, column: at - lineStart + 1 });
  return tokens;
}
