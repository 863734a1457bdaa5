import fc from "fast-check";
import { identifier, literal } from "../../../infra/plan/shape/sql-text";

/** Reads a literal as Flink's parser does; throws when it ends before the text does, or does not end. */
function readLiteral(sql: string): string {
  const unicode = sql.startsWith("U&");
  const body = sql.slice(unicode ? 2 : 0);
  let text = "";
  for (let at = 1; at < body.length; ) {
    const char = body[at] as string;
    if (char === "'") {
      if (body[at + 1] !== "'") {
        if (at !== body.length - 1) throw new Error(`ended at ${at} of ${body}`);
        return text;
      }
      text += "'";
      at += 2;
    } else if (unicode && char === "\\") {
      if (body[at + 1] === "\\") {
        text += "\\";
        at += 2;
      } else {
        text += String.fromCharCode(Number.parseInt(body.slice(at + 1, at + 5), 16));
        at += 5;
      }
    } else {
      text += char;
      at += 1;
    }
  }
  throw new Error(`does not end: ${body}`);
}

describe("literal", () => {
  test.each([
    ["plain", "'plain'"],
    ["", "''"],
    ["it's; -- /* `x`", "'it''s; -- /* `x`'"],
    ["a\\b", "'a\\b'"],
    ["\0", "U&'\\0000'"],
    ["é'\\\n", "U&'\\00e9''\\\\\\000a'"],
    ["😀", "U&'\\d83d\\de00'"],
  ])("of %j is %s", (text, sql) => {
    expect(literal(text)).toBe(sql);
  });

  test("any text is read back as it was, and is printable ASCII in between", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("'", "\\", "U", "&", "0", "\0", "\n", "é", ";") }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(readLiteral(literal(text))).toBe(text);
        expect(literal(text)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});

describe("identifier", () => {
  test("any name stands between backticks that it cannot leave", () => {
    const names = fc.string({ unit: fc.constantFrom("`", "a", ".", "'", " ", "é"), minLength: 1 });
    fc.assert(
      fc.property(names, (name) => {
        const inside = /^`(.*)`$/s.exec(identifier(name))?.[1] ?? "";
        expect(inside.replaceAll("``", "")).not.toContain("`");
        expect(inside.replaceAll("``", "`")).toBe(name);
      }),
    );
  });

  test.each(["", "a\0b"])("%j is refused", (name) => {
    expect(() => identifier(name)).toThrow("not a name that Flink SQL can hold");
  });
});
