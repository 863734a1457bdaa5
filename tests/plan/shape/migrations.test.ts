import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrations } from "../../../infra/plan/shape/migrations";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-migrations-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, "migrations/shop"), { recursive: true });
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(root, "migrations/shop", name), sql);
}
const problemsOf = (files: Readonly<Record<string, string>>) => {
  write(files);
  return readMigrations(root, "shop").problems;
};

test("files come in order of their numbers, each with its text and hash", () => {
  write({ "0002_more.sql": "SELECT 2;", "0001_create_orders.sql": "SELECT 1;", ".gitkeep": "" });
  const { files, problems } = readMigrations(root, "shop");
  expect(problems).toEqual([]);
  expect(files.map(({ number, file, sql }) => ({ number, file, sql }))).toEqual([
    { number: 1, file: "migrations/shop/0001_create_orders.sql", sql: "SELECT 1;" },
    { number: 2, file: "migrations/shop/0002_more.sql", sql: "SELECT 2;" },
  ]);
  // printf 'SELECT 1;' | sha256sum
  expect(files[0]?.sha256).toBe("17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a");
});

test("line endings and a byte order mark change nothing", () => {
  write({ "0001_a.sql": "SELECT 1;\nSELECT 2;\n" });
  const plain = readMigrations(root, "shop").files;
  write({ "0001_a.sql": "\ufeffSELECT 1;\r\nSELECT 2;\r\n" });
  expect(readMigrations(root, "shop").files).toEqual(plain);
});

test("a database without migrations says where to begin", () => {
  expect(readMigrations(root, "shop").problems).toEqual([
    {
      file: "migrations/shop",
      message: "Database shop has no migrations.",
      fix: "Write migrations/shop/0001_create_tables.sql.",
    },
  ]);
});

test.each(["1_a.sql", "0001-a.sql", "0001_A.sql", "0001_a.SQL", "0001_.sql", "0000_a.sql", "README.md", "0001__a.sql"])(
  "%s is no name",
  (name) => {
    const [problem] = problemsOf({ "0001_first.sql": "SELECT 1", [name]: "SELECT 1" });
    expect(problem).toMatchObject({
      file: `migrations/shop/${name}`,
      given: name,
      message: "This is not the name of a migration.",
    });
  },
);

test("two files with one number are named, and the number that is free", () => {
  const problems = problemsOf({ "0001_a.sql": "SELECT 1", "0002_b.sql": "SELECT 1", "0002_c.sql": "SELECT 1" });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ given: "0002_b.sql, 0002_c.sql", fix: "Give the newest the number 0003." });
});

test("every number that is missing is named", () => {
  const [problem, ...others] = problemsOf({
    "0002_a.sql": "SELECT 1",
    "0004_b.sql": "SELECT 1",
    "0008_c.sql": "SELECT 1",
  });
  expect(others).toEqual([]);
  expect(problem?.message).toBe("The numbers have a gap: 0001, 0003, 0005 to 0007 is missing.");
});

test.each(["", "  \n", "-- only a comment\n;"])("a file that holds %j is empty", (sql) => {
  expect(problemsOf({ "0001_a.sql": sql })).toMatchObject([{ message: "This migration holds no statement." }]);
});

test.each([
  ["BEGIN", 3],
  ["start transaction isolation level serializable", 3],
  ["Commit", 3],
  ["END", 3],
  ["ROLLBACK", 3],
  ["SAVEPOINT a", 3],
])("%s is refused with its line", (statement, line) => {
  const problems = problemsOf({ "0001_a.sql": `-- one\nSELECT 1;\n${statement};\n` });
  expect(problems).toMatchObject([{ file: "migrations/shop/0001_a.sql", line, given: statement }]);
});

test("the same words inside of a body, a text or a name are no control", () => {
  const sql =
    "DO $$ BEGIN PERFORM 1; END $$; SELECT 'COMMIT; ROLLBACK'; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT 1 AS commit";
  expect(problemsOf({ "0001_a.sql": sql })).toEqual([]);
});

test("a command of psql is named as one", () => {
  expect(problemsOf({ "0001_a.sql": "SELECT 1;\n\\d orders" })).toMatchObject([
    { line: 2, message: "This is a command of psql, and the server does not know it." },
  ]);
});

test("everything that is wrong is told at once", () => {
  expect(problemsOf({ "0001_a.sql": "", "0003_b.sql": "COMMIT", x: "" })).toHaveLength(4);
});
