import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { formatProblem } from "../../../infra/plan/problems";
import { checkJob } from "../../../infra/plan/sql";
import { checkToEvents, known, reads, writes } from "./relations";

const toEvents = readFileSync(join(__dirname, "../../../flink-jobs/business-events/to-events.sql"), "utf8");

/** The whole file, with one piece of it written otherwise. */
function changed(from: string, to: string): string {
  expect(toEvents).toContain(from);
  return toEvents.replace(from, to);
}
const messages = (text: string) => checkToEvents(text).problems.map(({ message }) => message);
const lineOf = (piece: string) => toEvents.slice(0, toEvents.indexOf(piece)).split("\n").length;

test("to-events.sql is right, and comes back statement by statement", () => {
  const { statements, problems } = checkToEvents(toEvents);
  expect(problems).toEqual([]);
  expect(statements.map(({ kind, target }) => [kind, target])).toEqual([
    ["view", "loan_events"],
    ["view", "car_events"],
    ["view", "service_events"],
    ["insert", "raw-business-events"],
  ]);
  for (const { sql, line } of statements) {
    expect(toEvents).toContain(`${sql};`);
    expect(line).toBe(lineOf(sql));
  }
});

test("a misspelt field is found with its place, what there is, and the near match", () => {
  const { problems } = checkToEvents(changed("after.amount_paid", "after.amont_paid"));
  expect(problems.map(formatProblem)).toEqual([
    `  flink-jobs/business-events/to-events.sql:${lineOf("after.amount_paid")}  column 25: ` +
      "`after` has no field `amont_paid`\n" +
      '      given    "amont_paid"\n' +
      "      allowed  loan_id, customer_tier, loan_amount, amount_paid, status\n" +
      "      fix      Write `amount_paid`.",
  ]);
});

test("all mistakes of a file are told at once, in its order", () => {
  const text = changed("customer_tier,", "tier,")
    .replace("FROM car_entities_changes", "FROM car_entity_changes")
    .replace("entity_id AS key_entity_id\n", "entity_id\n  key_entity_id, 1\n")
    .replace("SELECT * FROM service_events", "SELECT * FROM services_events");
  expect(messages(text)).toEqual([
    "`tier` is not a column of `loan_entities_changes`",
    "`car_entity_changes` is nothing that to-events reads, and no view of this file",
    "`raw-business-events` takes 4 columns, and the query yields 5",
    "`services_events` is nothing that to-events reads, and no view of this file",
  ]);
});

describe("what the job declares", () => {
  test("a topic that is not declared is told from one that does not exist", () => {
    expect(messages(changed("FROM car_entities_changes", "FROM `filtered-loan-events`"))).toEqual([
      "to-events declares that it reads `entities.public.car_entities`, and the file never does, neither itself nor as `car_entities_changes`",
      "`filtered-loan-events` exists, but to-events does not declare that it reads it",
    ]);
    expect(messages(changed("INSERT INTO `raw-business-events`", "INSERT INTO `filtered-loan-events`"))).toEqual([
      "to-events declares that it writes `raw-business-events`, and no INSERT does",
      "`filtered-loan-events` exists, but to-events does not declare that it writes it",
    ]);
  });

  test("reading the topic itself is as good as reading the view of its changes", () => {
    const text = changed("changed AS attributes\nFROM car_entities_changes", "changed AS attributes\nFROM x").replace(
      "FROM x",
      "FROM (SELECT *, after.car_id AS car_id, after.status AS status, 1 AS event_id, 1 AS committed_at, 1 AS captured_at, 1 AS changed FROM `entities.public.car_entities`)",
    );
    expect(messages(text)).toEqual([]);
  });

  test("a name without its back quotes is named as such", () => {
    const dotted = checkToEvents(changed("FROM car_entities_changes", "FROM entities.public.car_entities"));
    expect(dotted.problems[0]).toMatchObject({
      message: "Flink takes entities.public.car_entities for a table inside a database `entities`",
      fix: "Write `entities.public.car_entities`, the whole name in one pair of back quotes.",
    });
    const dashed = checkToEvents(changed("INSERT INTO `raw-business-events`", "INSERT INTO raw-business-events"));
    expect(dashed.problems).toMatchObject([{ fix: "Write `raw-business-events` in back quotes." }]);
  });

  test("a file that writes nothing does nothing", () => {
    expect(messages("")).toContain("the file has no INSERT INTO, so that the job would do nothing");
  });
});

describe("what an INSERT brings", () => {
  const insert = (text: string) =>
    checkJob({
      file: "f.sql",
      text,
      job: "j",
      reads: [],
      writes: [{ name: "t", columns: ["a", "b", "c"].map((name) => ({ name, type: "INT" })) }],
      known: [],
    }).problems.map(({ message, fix }) => [message, ...(fix ? [fix] : [])].join(" | "));

  test.each([
    ["INSERT INTO t SELECT 1, 2, 3"],
    ["INSERT INTO t (b, a) SELECT 1, 2"],
    ["INSERT INTO t VALUES (1, 2, 3), (4, 5, 6)"],
    ["INSERT INTO t PARTITION (c = 1) SELECT 1, 2"],
    ["INSERT INTO t SELECT 1 AS b, 2 AS other, 3 AS a"],
  ])("%s fits", (text) => expect(insert(text)).toEqual([]));

  test.each([
    ["INSERT INTO t SELECT 1, 2", "`t` takes 3 columns, and the query yields 2"],
    ["INSERT INTO t (a, b) VALUES (1, 2, 3)", "`t` takes 2 columns, and the query yields 3"],
    ["INSERT INTO t (a, d) SELECT 1, 2", "`d` is not a column of `t` | Write `a`."],
    [
      "INSERT INTO t SELECT 1 AS b, 2 AS a, 3 AS c",
      "the columns for `t` are in another order than it has them, and they go by position | Select them in the target's order.",
    ],
  ])("%s does not", (text, expected) => expect(insert(text)).toEqual([expected]));
});

describe("views", () => {
  test("one is used only below its creation", () => {
    const text = `CREATE VIEW late AS SELECT * FROM loan_events;\n${toEvents}`;
    expect(messages(text)).toEqual([
      `the view \`loan_events\` is created further down, at line ${lineOf("CREATE TEMPORARY VIEW loan_events") + 1}`,
    ]);
  });
  test("two of one name, or one named like a topic", () => {
    const text = `${toEvents}\nCREATE VIEW loan_events AS SELECT 1;\nCREATE VIEW \`filtered-loan-events\` AS SELECT 1;`;
    expect(messages(text)).toEqual([
      `the view \`loan_events\` is created twice, first at line ${lineOf("CREATE TEMPORARY VIEW loan_events")}`,
      "`filtered-loan-events` is already the name of something declared",
    ]);
  });
  test("one that is wrong draws no second complaint from where it is used", () => {
    expect(messages(changed("WHEN status = 'APPROVED' THEN", "WHEN status = 'APPROVED'"))).toEqual([
      "syntax error: expected THEN",
    ]);
  });
});

test("settings: only how the statements are planned", () => {
  expect(messages(`SET 'table.exec.state.ttl' = '1 d';\n${toEvents}`)).toEqual([]);
  const { problems, statements } = checkToEvents(`SET 'parallelism.default' = '3';\n${toEvents}`);
  expect(statements[0]).toMatchObject({ kind: "set", sql: "SET 'parallelism.default' = '3'" });
  expect(problems).toMatchObject([
    { line: 1, message: "parallelism.default cannot be set here: `parallelism` of the job's declaration sets it" },
  ]);
});

/** Pieces as they may get lost, doubled or misplaced under someone's hands. */
const pieces = toEvents.match(/\w+|\s+|./gs) as string[];
const edit = fc.record({
  at: fc.nat(pieces.length - 1),
  remove: fc.nat(3),
  insert: fc.oneof(fc.constantFrom(...pieces, "'", "`", "/*", "((", "))", "<", "ROW<", ";"), fc.string()),
});
const mutated = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
  const result = [...pieces];
  for (const { at, remove, insert } of edits) result.splice(at, remove, insert);
  return result.join("");
});

test("no text makes it throw, and every problem has its file and a line of it", () => {
  const texts = fc.oneof({ weight: 4, arbitrary: mutated }, fc.string(), fc.string({ unit: "binary" }));
  const property = fc.property(texts, (text) => {
    const { statements, problems } = checkJob({ file: "f.sql", text, job: "j", reads, writes, known });
    const lines = text.split("\n").length;
    for (const { file, line, message } of problems) {
      expect(file).toBe("f.sql");
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines);
      expect(message).not.toBe("");
    }
    for (const { sql } of statements) expect(text).toContain(sql);
  });
  fc.assert(property, { numRuns: 300 });
});

test("deep nesting ends neither in an overflow nor in a false mistake", () => {
  for (const [open, close] of [
    ["(", ")"],
    ["ABS(", ")"],
    ["CASE WHEN ", " THEN 1 END"],
    ["ARRAY[", "]"],
    ["- ", ""],
  ] as const) {
    const value = `${open.repeat(3000)}1${close.repeat(3000)}`;
    expect(messages(`${toEvents}\nINSERT INTO \`raw-business-events\` SELECT ${value}, 1, 1, 1;`)).toEqual([]);
  }
});
