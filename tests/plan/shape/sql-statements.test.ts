import fc from "fast-check";
import { sqlStatements } from "../../../infra/plan/shape/sql-statements";

const texts = (sql: string) => sqlStatements(sql).map((statement) => statement.text);

describe("sqlStatements", () => {
  test("gives text, first line and bare words", () => {
    const sql =
      "-- first\n\nCREATE TABLE a (\n  id int -- ; no end\n);\n/* ; /* nested ; */ */ INSERT INTO \"b;c\" VALUES ('x;''y')";
    expect(sqlStatements(sql)).toEqual([
      { text: "CREATE TABLE a (\n  id int -- ; no end\n)", line: 3, words: ["CREATE", "TABLE", "A", "ID", "INT"] },
      { text: "INSERT INTO \"b;c\" VALUES ('x;''y')", line: 6, words: ["INSERT", "INTO", "VALUES"] },
    ]);
  });

  test.each([
    ["dollar quotes", "DO $$ BEGIN; END; $$; SELECT $a$ ; $$ ; $a$", 2],
    ["a dollar inside of a name", "SELECT a$1$ FROM b; SELECT 1", 2],
    ["escapes", "SELECT E'a\\';b'; SELECT 'a\\'; SELECT 2", 3],
    [
      "a function in SQL",
      "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
      2,
    ],
    ["a BEGIN that is no body", "BEGIN; SELECT 1; END", 3],
    ["nothing but white space and comments", " ;; -- a\n /* b */ ;", 0],
    ["a comment that does not end", "SELECT 1; /* ; ", 1],
    ["a quote that does not end", "SELECT 1; SELECT '; ", 2],
  ])("%s", (_, sql, count) => {
    expect(texts(sql)).toHaveLength(count);
  });

  test("statements joined by semicolons are those that were joined", () => {
    const piece = fc.constantFrom(
      "SELECT 1",
      "SELECT ';'",
      'SELECT ";"',
      "DO $x$ ; $x$",
      "SELECT /* ; */ 2",
      "SELECT E'\\';'",
      "SELECT 1 -- ;\n + 1",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(texts(pieces.join(";\n"))).toEqual(pieces);
      }),
    );
  });

  test("any text is taken apart without losing a visible character outside of comments", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '"', "$", "a", ";", "\n", "*", "/", "-", "\\", "é", "😀") }),
        (sql) => {
          for (const { text, line } of sqlStatements(sql)) {
            expect(sql).toContain(text);
            expect(sql.split("\n").length).toBeGreaterThanOrEqual(line);
          }
        },
      ),
    );
  });
});
