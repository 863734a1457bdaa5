import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { appliedChanges } from "../../infra/local/provider/migration";
import { secret } from "../../infra/local/provider/values";
import { changeSchemas } from "../../infra/plan/shape/debezium-schema";
import type { MigrationFile, TableShape } from "../../infra/plan/types";
import { check } from "./provider";

/** What the provider refuses at preview, knowing what was deployed before. */

describe("Topic", () => {
  const topic = (partitions: number, name = "clicks") => ({ name, partitions, replicationFactor: 1, config: {} });

  test("fewer partitions are refused, with the reason and the way out", async () => {
    expect(await check("Topic", topic(6), topic(3))).toEqual([
      [
        "partitions",
        "Topic clicks has 6 partitions and Kafka cannot take partitions away: the records in them would be lost, and keys would move.\n" +
          "      given    3\n" +
          "      allowed  6 or more\n" +
          "      fix      Keep the number, or declare a topic with another name and move its readers and writers.",
      ],
    ]);
  });

  test.each([
    ["more", topic(3), topic(6)],
    ["as many", topic(3), topic(3)],
    ["another topic", topic(6), topic(3, "visits")],
    ["a new topic", undefined, topic(3)],
  ])("%s: right", async (_what, former, now) => {
    expect(await check("Topic", former, now)).toEqual([]);
  });
});

describe("Subject", () => {
  const file = "schemas/shop/order.avsc";
  const record = (...fields: object[]) => JSON.stringify({ type: "record", name: "Order", fields });
  const subject = (schema: string, compatibility: string, more: object = {}) => ({
    registry: "http://127.0.0.1:1",
    name: "orders-value",
    schemaType: "AVRO",
    schema,
    compatibility,
    file,
    ...more,
  });
  const id = { name: "id", type: "string" };
  const note = { name: "note", type: "string" };
  const optional = { name: "note", type: ["null", "string"], default: null };
  const amount = (type: string) => ({ name: "amount", type });

  const said = (level: string, at: string, what: string, rule: string, where = file): [string, string] => [
    "schema",
    `${where}: Subject orders-value is declared ${level}, and its new schema breaks it at ${at}: ${what} (rule ${rule}).\n` +
      `      given    "${at}"\n` +
      `      allowed  ${rule.startsWith("BACKWARD") ? "what reads all older records: a new field has a default, a type is the same or wider" : "what older readers can read: a field that goes had a default, a type is the same or narrower"}\n` +
      "      fix      Add an optional field instead, or declare a new topic for the new shape.",
  ];

  test.each([
    {
      change: "a field added that readers of old records cannot fill",
      level: "BACKWARD",
      from: record(id),
      to: record(id, note),
      refused: [["note", "field added without default", "BACKWARD READER_FIELD_MISSING_DEFAULT_VALUE"]],
    },
    {
      change: "a field removed that old readers need",
      level: "FORWARD",
      from: record(id, note),
      to: record(id),
      refused: [
        [
          "note",
          "field removed that had no default in the older version",
          "FORWARD READER_FIELD_MISSING_DEFAULT_VALUE",
        ],
      ],
    },
    {
      change: "a type widened, which old readers cannot read",
      level: "FULL",
      from: record(id, amount("int")),
      to: record(id, amount("long")),
      refused: [["amount", "the type changed from int to long", "FORWARD TYPE_MISMATCH"]],
    },
    {
      change: "a type changed, and a field added: both are told",
      level: "BACKWARD_TRANSITIVE",
      from: record(id, amount("int")),
      to: record(id, amount("string"), note),
      refused: [
        ["amount", "the type changed from int to string", "BACKWARD TYPE_MISMATCH"],
        ["note", "field added without default", "BACKWARD READER_FIELD_MISSING_DEFAULT_VALUE"],
      ],
    },
    { change: "an optional field added", level: "FULL", from: record(id), to: record(id, optional), refused: [] },
    {
      change: "a type widened",
      level: "BACKWARD",
      from: record(amount("int")),
      to: record(amount("long")),
      refused: [],
    },
    { change: "anything, where no level is declared", level: "NONE", from: record(id), to: record(note), refused: [] },
    { change: "nothing", level: "FULL_TRANSITIVE", from: record(id), to: record(id), refused: [] },
  ])("$level, $change", async ({ level, from, to, refused }) => {
    const expected = refused.map(([at = "", what = "", rule = ""]) => said(level, at, what, rule));
    expect(await check("Subject", subject(from, level), subject(to, level))).toEqual(expected);
  });

  test("the level that counts is the new one", async () => {
    const [from, to] = [subject(record(id), "FULL"), subject(record(id, note), "NONE")];
    expect(await check("Subject", from, to)).toEqual([]);
    expect(await check("Subject", { ...from, compatibility: "NONE" }, { ...to, compatibility: "FULL" })).toHaveLength(
      1,
    );
  });

  test("a new subject has nothing to break", async () => {
    expect(await check("Subject", undefined, subject(record(id), "FULL"))).toEqual([]);
  });

  test("an event's field renamed under its real level names the old and the new field", async () => {
    const event = readFileSync(join(__dirname, "../../schemas/business-events/business-event.avsc"), "utf8");
    const [from, to] = [event, event.replace('"name": "entityId"', '"name": "entityKey"')];
    const failures = await check("Subject", subject(from, "FULL"), subject(to, "FULL"));
    expect(failures.map(([, reason]) => /breaks it at (\S+): .*\(rule (.*)\)/.exec(reason)?.slice(1))).toEqual([
      ["eventBody.entities[].entityKey", "BACKWARD READER_FIELD_MISSING_DEFAULT_VALUE"],
      ["eventBody.entities[].entityId", "FORWARD READER_FIELD_MISSING_DEFAULT_VALUE"],
    ]);
  });

  describe("of a captured table, whose schema follows from the migrations", () => {
    const table = (...columns: [name: string, type: string, nullable?: boolean][]): TableShape => ({
      name: "orders",
      columns: [["order_id", "text"] as const, ...columns].map(([name, type, nullable = false]) => {
        return { name, type, nullable, hasDefault: false };
      }),
      primaryKey: ["order_id"],
      replicaIdentityFull: true,
    });
    const captured = (shape: TableShape) => {
      const { value } = changeSchemas({ capture: "shop", database: "shop", table: shape });
      return subject(value, "BACKWARD", { file: "migrations/shop/" });
    };

    test("int to text is refused, and names the column in the row before and after", async () => {
      const failures = await check(
        "Subject",
        captured(table(["quantity", "integer"])),
        captured(table(["quantity", "text"])),
      );
      expect(failures).toEqual(
        // Both rows are of one record type, which stands first where it is used first.
        expect.arrayContaining([
          said(
            "BACKWARD",
            "before.quantity",
            "the type changed from int to string",
            "BACKWARD TYPE_MISMATCH",
            "migrations/shop/",
          ),
        ]),
      );
    });

    test("a column that must have a value is refused; one that may be null passes", async () => {
      const former = captured(table());
      const failures = await check("Subject", former, captured(table(["quantity", "integer"])));
      expect(failures.map(([, reason]) => reason)).toEqual(
        expect.arrayContaining([expect.stringMatching(/at before\.quantity: field added without default/)]),
      );
      expect(await check("Subject", former, captured(table(["quantity", "integer", true])))).toEqual([]);
    });
  });
});

describe("Migration", () => {
  const file = (number: number, sql = `SELECT ${number};`, name = "step"): MigrationFile => ({
    number,
    file: `migrations/shop/${String(number).padStart(4, "0")}_${name}.sql`,
    sql,
    sha256: createHash("sha256").update(sql).digest("hex"),
  });
  const migration = (files: MigrationFile[], database = "shop") => ({
    postgres: { host: "127.0.0.1", port: 1, user: "postgres", password: secret("letmein") },
    database,
    files,
  });
  const restore =
    "      fix      Put the applied text back (git shows it) and write the change as a new migration with the next number.";

  const sha = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
  const changed = `      given    "sha256 ${sha("SELECT 22;")}…"\n      allowed  sha256 ${sha("SELECT 2;")}…, as it was applied\n`;

  test.each<[what: string, former: MigrationFile[], now: MigrationFile[], said: string[]]>([
    [
      "changed",
      [file(1), file(2)],
      [file(1), file(2, "SELECT 22;")],
      [
        `migrations/shop/0002_step.sql: This migration was applied and its text has changed since.\n${changed}${restore}`,
      ],
    ],
    [
      "removed",
      [file(1), file(2)],
      [file(1)],
      [`migrations/shop/0002_step.sql: This migration was applied and its file is gone.\n${restore}`],
    ],
    [
      "inserted before an applied one",
      [file(1), file(3)],
      [file(1), file(2, "SELECT 2;", "late"), file(3)],
      [
        "migrations/shop/0002_late.sql: This migration comes before 3, which was applied already.\n      given    2\n      allowed  4 or more\n      fix      Give it a number above 3.",
      ],
    ],
    [
      "all of it at once",
      [file(1), file(2), file(4)],
      [file(2, "SELECT 22;"), file(3), file(4)],
      [
        `migrations/shop/0001_step.sql: This migration was applied and its file is gone.\n${restore}`,
        `migrations/shop/0002_step.sql: This migration was applied and its text has changed since.\n${changed}${restore}`,
        "migrations/shop/0003_step.sql: This migration comes before 4, which was applied already.\n      given    3\n      allowed  5 or more\n      fix      Give it a number above 4.",
      ],
    ],
  ])("%s: refused, with the file", async (_what, former, now, said) => {
    expect(await check("Migration", migration(former), migration(now))).toEqual(
      said.map((reason) => ["files", reason]),
    );
  });

  test.each([
    ["new ones at the end", migration([file(1)]), migration([file(1), file(2), file(3)])],
    ["an applied one under another name", migration([file(1)]), migration([file(1, "SELECT 1;", "renamed")])],
    ["another database", migration([file(1), file(2)]), migration([file(1, "SELECT 9;")], "other")],
    ["a new database", undefined, migration([file(1)])],
  ])("%s: right", async (_what, former, now) => {
    expect(await check("Migration", former, now)).toEqual([]);
  });

  test("what is refused at preview is what is refused when it is applied", () => {
    expect(appliedChanges([file(1)], [file(1, "SELECT 2;")])).toHaveLength(1);
    expect(appliedChanges([], [file(1)])).toEqual([]);
  });
});
