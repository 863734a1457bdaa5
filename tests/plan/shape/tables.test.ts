import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeScratch, openScratch, type Scratch } from "../../../infra/plan/shape/scratch";
import { tablesOf } from "../../../infra/plan/shape/tables";
import type { MigrationFile } from "../../../infra/plan/types";

let cacheFolder: string;
let scratch: Scratch;
beforeAll(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), "millrace-tables-"));
  scratch = openScratch(cacheFolder);
});
afterAll(async () => {
  await closeScratch(scratch);
  rmSync(cacheFolder, { recursive: true });
});

const migrations = (...scripts: readonly string[]): MigrationFile[] =>
  scripts.map((sql, index) => ({
    number: index + 1,
    file: `migrations/shop/000${index + 1}_a.sql`,
    sql,
    sha256: createHash("sha256").update(sql).digest("hex"),
  }));
const shapeOf = (...scripts: readonly string[]) => tablesOf(scratch, "shop", migrations(...scripts));

// The first of these starts Postgres, which takes seconds on a machine that does other things as well.
jest.setTimeout(60_000);

test("columns, keys and replica identity as they are after all migrations", async () => {
  const { tables, problems } = await shapeOf(
    `CREATE TABLE orders (
       region text, id bigint GENERATED ALWAYS AS IDENTITY, gone int, amount numeric(14,2) NOT NULL DEFAULT 0,
       doubled numeric GENERATED ALWAYS AS (amount * 2) STORED, at timestamptz(3) DEFAULT now(), "Odd name" varchar(10)[],
       PRIMARY KEY (id, region));
     CREATE VIEW v AS SELECT 1; CREATE TABLE other (id int); CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int);`,
    "ALTER TABLE orders DROP COLUMN gone, ADD note text; ALTER TABLE orders REPLICA IDENTITY FULL;",
  );
  expect(problems).toEqual([]);
  expect(tables).toEqual([
    {
      name: "orders",
      replicaIdentityFull: true,
      primaryKey: ["id", "region"],
      columns: [
        { name: "region", type: "text", nullable: false, hasDefault: false },
        { name: "id", type: "bigint", nullable: false, hasDefault: true },
        { name: "amount", type: "numeric(14,2)", nullable: false, hasDefault: true, default: "0" },
        { name: "doubled", type: "numeric", nullable: true, hasDefault: true, generated: true },
        { name: "at", type: "timestamp(3) with time zone", nullable: true, hasDefault: true, default: "now()" },
        { name: "Odd name", type: "character varying(10)[]", nullable: true, hasDefault: false },
        { name: "note", type: "text", nullable: true, hasDefault: false },
      ],
    },
    {
      name: "other",
      replicaIdentityFull: false,
      primaryKey: [],
      columns: [{ name: "id", type: "integer", nullable: true, hasDefault: false }],
    },
  ]);
});

test("a partitioned table stands once, its partitions do not", async () => {
  const { tables } = await shapeOf(
    "CREATE TABLE p (day date NOT NULL) PARTITION BY RANGE (day); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
  );
  expect(tables.map((table) => table.name)).toEqual(["p"]);
});

test.each([
  [
    "a mistake in the text",
    "CREATE TABLE a (id int);\n\nCREATE TABLE b (\n  id int,\n  x unheard_of\n);",
    5,
    'type "unheard_of" does not exist',
  ],
  [
    "a mistake in the meaning",
    "CREATE TABLE a (id int);\n-- again\nCREATE TABLE a (id int);",
    3,
    'relation "a" already exists',
  ],
  [
    "what a transaction cannot hold",
    "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);",
    2,
    "cannot run inside a transaction block",
  ],
  [
    "a mistake in a body",
    "CREATE TABLE a (id int);\nDO $$ BEGIN\n  PERFORM 1 FROM nowhere;\nEND $$;",
    2,
    'relation "nowhere" does not exist',
  ],
])("%s is told with file, line and Postgres's words", async (_, sql, line, words) => {
  const { tables, problems } = await shapeOf("SELECT 1", sql);
  expect(tables).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({
    file: "migrations/shop/0002_a.sql",
    line,
    message: expect.stringContaining(words),
  });
});

test("Postgres's hint is the way out", async () => {
  const { problems } = await shapeOf("CREATE TABLE a (name text);\nSELECT nam FROM a");
  expect(problems[0]?.fix).toContain('reference the column "a.name"');
});

test("each file is a transaction of its own", async () => {
  const { problems } = await shapeOf(
    "CREATE TYPE mood AS ENUM ('sad')",
    "ALTER TYPE mood ADD VALUE 'happy'",
    "CREATE TABLE a (m mood NOT NULL DEFAULT 'happy')",
  );
  expect(problems).toEqual([]);
});

test("a constraint that speaks up at the end of the transaction is told", async () => {
  const { problems } = await shapeOf(
    "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1, 2);",
  );
  expect(problems[0]?.message).toContain("refuses to commit");
});

test("a generated column that the platform's Postgres does not take is told", async () => {
  const { problems } = await shapeOf("CREATE TABLE a (b int, c int GENERATED ALWAYS AS (b + 1))");
  expect(problems).toMatchObject([
    { path: "a › c", message: "Postgres 17 has no generated column that is not stored." },
  ]);
});

test("one database leaves nothing to the next, and two at once do not mix", async () => {
  const script = `CREATE ROLE clerk; CREATE SCHEMA own; CREATE TYPE own.t AS ENUM ('a'); CREATE TABLE only_here (x own.t);
    CREATE PUBLICATION pub FOR ALL TABLES; SET timezone = 'Asia/Kolkata'; GRANT SELECT ON only_here TO clerk`;
  const [first, second] = await Promise.all([shapeOf(script), shapeOf(`${script};`)]);
  expect([first.problems, second.problems]).toEqual([[], []]);
  const { tables } = await shapeOf("CREATE TABLE a (at timestamptz DEFAULT '2026-01-01 00:00:00+00')");
  expect(tables).toHaveLength(1);
  expect(tables[0]?.columns[0]).toMatchObject({ default: "'2026-01-01 00:00:00+00'::timestamp with time zone" });
});

describe("the cache", () => {
  const files = migrations("CREATE TABLE cached (id int)");

  test("answers for the same content without Postgres, and not for other content", async () => {
    const first = await tablesOf(scratch, "shop", files);
    const without = openScratch(cacheFolder);
    expect(await tablesOf(without, "shop", files)).toEqual(first);
    expect(without.instance).toBeUndefined();
    expect((await shapeOf("CREATE TABLE cached (id bigint)")).tables[0]?.columns[0]?.type).toBe("bigint");
  });

  test("a damaged file is made again", async () => {
    const first = await tablesOf(scratch, "shop", files);
    for (const name of readdirSync(cacheFolder)) writeFileSync(join(cacheFolder, name), '[{"na');
    expect(await tablesOf(scratch, "shop", files)).toEqual(first);
    expect(
      readdirSync(cacheFolder).some(
        (name) => readFileSync(join(cacheFolder, name), "utf8") === JSON.stringify(first.tables),
      ),
    ).toBe(true);
  });

  test("does not keep what was refused", async () => {
    const before = readdirSync(cacheFolder).length;
    await shapeOf("SELEC 1");
    expect(readdirSync(cacheFolder)).toHaveLength(before);
  });
});
