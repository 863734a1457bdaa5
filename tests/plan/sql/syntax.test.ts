import { parseStatements } from "../../../infra/plan/sql/statements";

const faultOf = (text: string): string | undefined => {
  const [fault] = parseStatements(text).flatMap((statement) => statement.fault ?? []);
  return fault && `${fault.token.line}:${fault.token.column} ${fault.message}${fault.fix ? ` | ${fault.fix}` : ""}`;
};

/** Flink 2.3's own parser takes each of these. */
const right = [
  "CREATE VIEW v AS SELECT 1",
  "CREATE OR REPLACE TEMPORARY VIEW IF NOT EXISTS v (a, b) COMMENT 'it''s' AS VALUES (1, 2), ROW(3, 4)",
  "INSERT INTO t (a, b.c) (SELECT 1, 2)",
  "INSERT INTO t PARTITION (p = '1') (a) SELECT a FROM x",
  "INSERT INTO t WITH q AS (SELECT 1) SELECT * FROM q UNION ALL (SELECT 2 ORDER BY 1 LIMIT 1)",
  "INSERT INTO t SELECT a FROM x ON CONFLICT DO DEDUPLICATE",
  "INSERT INTO t SELECT /*+ STATE_TTL('x'='1d') */ a FROM x /*+ OPTIONS('a'='b') */ AS y -- and a comment",
  "INSERT INTO t SELECT COUNT(*), LISTAGG(a, ',') WITHIN GROUP (ORDER BY b DESC NULLS LAST), FIRST_VALUE(a) IGNORE NULLS FROM x",
  "INSERT INTO t SELECT SUM(a) OVER (PARTITION BY b ORDER BY c RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) FROM x",
  "INSERT INTO t SELECT CAST(a AS ROW<x INT NOT NULL, y ARRAY<MAP<STRING, ROW<z TIMESTAMP(3) WITH LOCAL TIME ZONE>>> NOT NULL 'said'>) FROM x",
  "INSERT INTO t SELECT JSON_OBJECT(KEY 'a' VALUE b NULL ON NULL), JSON_QUERY(v, '$' RETURNING ARRAY<STRING> WITHOUT ARRAY WRAPPER EMPTY ARRAY ON ERROR) FROM x",
  "INSERT INTO t SELECT a FROM x WHERE a NOT BETWEEN 1 AND 2 AND b NOT LIKE 'x' ESCAPE '!' AND (a, b) IN ((1, 2), (3, 4)) AND c = ANY (SELECT 1)",
  "INSERT INTO t SELECT DATE '2026-01-31', INTERVAL '1-2' YEAR TO MONTH, INTERVAL a SECOND(3), .5, 1e-3, CURRENT_TIMESTAMP, LEFT(a, 1), YEAR(a) FROM x",
  "INSERT INTO t SELECT * FROM ((SELECT 1) UNION (SELECT 2)) u JOIN (y JOIN z ON 1 = 1) ON TRUE NATURAL LEFT JOIN w",
  "INSERT INTO t SELECT ((SELECT 1) UNION (SELECT 2)), ((SELECT 1) + 1), CASE a WHEN 1, 2 THEN b ELSE c END FROM x",
  "SET 'table.exec.state.ttl' = '1 d'",
];
test.each(right)("takes %s", (text) => {
  expect(faultOf(text)).toBeUndefined();
  expect(parseStatements(text)[0]?.parsed).toBeDefined();
});

/** Flink takes these too, or may; here they are only passed on. */
const passed = [
  "INSERT INTO t SELECT {fn ABS(1)} FROM x",
  "INSERT INTO t SELECT a FROM x WHERE (a, b) OVERLAPS (c, d)",
  "INSERT INTO t SELECT CAST(a AS STRUCTURED<'x', y INT>) FROM x",
  `INSERT INTO t SELECT ${"(".repeat(400)}1${")".repeat(400)} FROM x`,
];
test.each(passed)("does not judge %s", (text) => {
  const [statement] = parseStatements(text);
  expect(statement).toEqual({ tokens: expect.anything() });
});

const wrong = [
  ["INSERT INTO t\nSELECT a,\n  FROM x", "3:3 expected an expression"],
  ["INSERT INTO t SELECT a FORM x", "1:29 this cannot stand here | Is FORM meant to be FROM?"],
  ["INSERT INTO t SELECT a FROM x WERE b", "1:36 this cannot stand here | Is WERE meant to be WHERE?"],
  ["INSERT INTO t SELECT a FROM", "1:28 expected a table"],
  ["INSERT INTO t SELECT (a FROM x", "1:25 expected )"],
  ["INSERT INTO t SELECT a) FROM x", "1:23 a bracket was never opened"],
  ["INSERT INTO t SELECT a FROM x GROUP a", "1:37 expected BY"],
  ["INSERT INTO t SELECT a WHERE b", "1:24 expected FROM"],
  ["INSERT INTO t SELECT CASE WHEN a THEN b FROM x", "1:41 expected END"],
  ["INSERT INTO t SELECT a != b FROM x", "1:24 Flink does not know `!=` | Write `<>`."],
  ["INSERT INTO t SELECT CAST(a AS INT NOT NULL) FROM x", "1:36 expected )"],
  [
    "INSERT INTO t SELECT x.timestamp FROM x",
    "1:24 expected a name after the dot, and timestamp is a reserved word | Write `timestamp` in back quotes if it is the name.",
  ],
  [
    "INSERT INTO t SELECT value FROM x",
    "1:22 expected an expression, and value is a reserved word | Write `value` in back quotes if a column is meant.",
  ],
  ["INSERT INTO t SELECT 'abc FROM x", "1:22 this string never ends: the closing `'` is missing"],
  ["INSERT INTO t SELECT `abc FROM x", "1:22 this name never ends: the closing back quote is missing"],
  ["INSERT INTO t /* SELECT 1", "1:15 this comment never ends: `*/` is missing"],
  [
    'INSERT INTO t SELECT "a" FROM x',
    "1:22 Flink SQL has no double quotes: write 'text' for a string, `name` for a name",
  ],
  ["INSERT INTO t SELECT a # b FROM x", "1:24 this character means nothing in Flink SQL"],
  ["INSERT t SELECT 1", "1:8 expected INTO"],
  ["INSRET INTO t SELECT 1", "1:1 expected CREATE VIEW, INSERT INTO and SET | Write INSERT."],
  ["SET a.b = c", "1:5 expected a string | Write SET 'key' = 'value', both in single quotes."],
  [
    "CREATE TABLE x (a INT)",
    "1:1 CREATE TABLE has no place in a job: tables follow from what the job reads and writes, and from their schemas | " +
      "Declare the topic or table in the job's `reads` or `writes`, and delete the statement.",
  ],
  [
    "((SELECT 1))",
    "1:3 SELECT has no place in a job: its result goes nowhere | Write INSERT INTO … or CREATE VIEW … AS in front of it.",
  ],
  [
    "ALTER TABLE x RENAME TO y",
    "1:1 ALTER has no place in a job: its file holds only CREATE VIEW, INSERT INTO and SET",
  ],
];
test.each(wrong)("refuses %s", (text, expected) => {
  expect(faultOf(text as string)).toBe(expected);
});

test("each statement has its own mistake, and a semicolon in a string ends none", () => {
  const text = "INSERT INTO t SELECT ';' FORM x;\n\nINSERT INTO t SELECT 1;;\nSELEKT;";
  const statements = parseStatements(text);
  expect(statements.map(({ fault }) => fault?.token.line)).toEqual([1, undefined, 4]);
});

test("a statement set written by hand is refused once", () => {
  const text = "EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT 1; INSERT INTO t SELECT 2; END;";
  const statements = parseStatements(text);
  expect(statements.map(({ fault, parsed }) => fault?.message.slice(0, 20) ?? parsed?.kind)).toEqual([
    "EXECUTE has no place",
    "insert",
  ]);
});
