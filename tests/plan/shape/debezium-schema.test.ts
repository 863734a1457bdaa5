import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatProblem } from "../../../infra/plan/problems";
import { changeSchemas } from "../../../infra/plan/shape/debezium-schema";
import { readMigrations } from "../../../infra/plan/shape/migrations";
import { closeScratch, openScratch } from "../../../infra/plan/shape/scratch";
import { tablesOf } from "../../../infra/plan/shape/tables";
import type { Column, TableShape } from "../../../infra/plan/types";

/** What Debezium registered, under the names of the subjects; see the script beside them. */
const captured = join(__dirname, "captured");
const root = join(__dirname, "../../..");

let cacheFolder: string;
const tables = new Map<string, TableShape>();
beforeAll(async () => {
  cacheFolder = mkdtempSync(join(tmpdir(), "millrace-schemas-"));
  const scratch = openScratch(cacheFolder);
  const everyType = {
    number: 1,
    file: "every_type.sql",
    sql: readFileSync(join(captured, "every_type.sql"), "utf8"),
    sha256: "every type",
  };
  for (const files of [readMigrations(root, "entities").files, [everyType]]) {
    const found = await tablesOf(scratch, "entities", files);
    expect(found.problems).toEqual([]);
    for (const table of found.tables) tables.set(table.name, table);
  }
  await closeScratch(scratch);
}, 60_000);
afterAll(() => rmSync(cacheFolder, { recursive: true }));

test.each([
  ["entities", "car_entities"],
  ["entities", "loan_entities"],
  ["entities", "service_record"],
  ["made-up", "every_type"],
])("%s.public.%s has the schemas that the real connector registers, to the letter", (capture, name) => {
  const { key, value } = changeSchemas({ capture, database: "entities", table: tables.get(name) as TableShape });
  const registered = (part: string) =>
    readFileSync(join(captured, `${capture}.public.${name}-${part}.avsc`), "utf8").trimEnd();
  expect(key).toBe(registered("key"));
  expect(value).toBe(registered("value"));
});

test("the tables of the pipeline have no problem", () => {
  for (const name of ["car_entities", "loan_entities", "service_record"]) {
    expect(
      changeSchemas({ capture: "entities", database: "entities", table: tables.get(name) as TableShape }).problems,
    ).toEqual([]);
  }
});

const tableWith = (column: Column & { default?: string; generated?: boolean }): TableShape => ({
  name: "orders",
  columns: [{ name: "id", type: "text", nullable: false, hasDefault: false }, column],
  primaryKey: ["id"],
  replicaIdentityFull: true,
});
const problemsOf = (column: Partial<Column> & { default?: string; generated?: boolean }) =>
  changeSchemas({
    capture: "c",
    database: "shop",
    table: tableWith({ name: "x", type: "text", nullable: false, hasDefault: false, ...column }),
  }).problems;

test.each(["bytea", "text[]", "timestamp without time zone", "time without time zone", "mood", "interval"])(
  "type %s is refused",
  (type) => {
    expect(problemsOf({ type })).toMatchObject([
      {
        file: "migrations/shop",
        path: "orders › x",
        given: type,
        allowed: expect.arrayContaining(["numeric", "date"]),
      },
    ]);
  },
);

test("a problem tells place, type, what is supported and the way out", () => {
  expect(problemsOf({ type: "timestamp without time zone" }).map(formatProblem).join("\n")).toBe(
    `  migrations/shop  orders › x: A column of this type cannot be captured.
      given    "timestamp without time zone"
      allowed  boolean, smallint, integer, bigint, real, double precision, numeric, text, character varying, character, uuid, json, jsonb, date, timestamp with time zone
      fix      Use timestamp with time zone.`,
  );
});

// Seen on the real connector: a row with NULL arrived with the default, 1970-01-01T00:00:00.000000Z in case of now().
test.each(["4", "now()", "'a'::text", "''::text"])("a nullable column with default %s is refused", (expression) => {
  const type = expression === "now()" ? "timestamp with time zone" : expression === "4" ? "integer" : "text";
  expect(problemsOf({ type, nullable: true, hasDefault: true, default: expression })).toMatchObject([
    {
      message: expect.stringContaining("each null would be replaced by the default"),
      fix: "Make the column NOT NULL, or drop the default.",
    },
  ]);
});

test("a nullable column whose default Debezium cannot read is none", () => {
  expect(problemsOf({ type: "integer", nullable: true, hasDefault: true, default: "(1 + 2)" })).toEqual([]);
});

// Seen on the real connector: the column was there in the snapshot, and gone with the first change.
test("a generated column is refused", () => {
  expect(problemsOf({ nullable: true, hasDefault: true, generated: true })).toMatchObject([
    { message: expect.stringContaining("with the snapshot only") },
  ]);
});

test("a default that JSON readers would round is refused", () => {
  expect(problemsOf({ type: "bigint", default: "'9007199254740993'::bigint" })).toMatchObject([{ path: "orders › x" }]);
  expect(problemsOf({ type: "bigint", default: "'9007199254740991'::bigint" })).toEqual([]);
});

test.each(["Odd name", "é", "1st"])("column name %j is refused", (name) => {
  expect(problemsOf({ name })).toMatchObject([{ given: name }]);
});
