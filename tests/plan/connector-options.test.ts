import fc from "fast-check";
import type { Capture } from "../../infra/model";
import { checkConnectorOptions } from "../../infra/plan/connector-options";
import definition from "../../infra/plan/connectors/debezium-postgres.json";
import type { Problem } from "../../infra/plan/problems";
import { changing, copyProject, planOf, problemsOf, temporaryFolder } from "./project";

const connector = "io.debezium.connector.postgresql.PostgresConnector";
const options: Readonly<Record<string, { type: string; allowed?: readonly string[] }>> = definition.options;
const check = (given: Record<string, string>, own: string[] = []) =>
  checkConnectorOptions(connector, given, own, "a › b");

const unknown = (name: string, fix: string): Problem => ({
  path: `a › b › ${name}`,
  message: "PostgresConnector 3.7.0.Final has no such option.",
  given: name,
  allowed: "the options in infra/plan/connectors/debezium-postgres.json",
  fix,
});
const value = (name: string, given: string, allowed: Problem["allowed"]): Problem => ({
  path: `a › b › ${name}`,
  message: "The connector does not take this value.",
  given,
  ...(allowed !== undefined && { allowed }),
});
const owned = (name: string, given: string): Problem => ({
  path: `a › b › ${name}`,
  message: "Millrace sets this option from the graph.",
  given,
  fix: "Remove it.",
});

test.each<[what: string, given: Record<string, string>, said: Problem[]]>([
  ["a misspelt name", { "snaphot.mode": "initial" }, [unknown("snaphot.mode", "Did you mean snapshot.mode?")]],
  ["a name like no other", { "make.it.fast": "true" }, [unknown("make.it.fast", "Remove it.")]],
  [
    "an option of a later spelling",
    { "Snapshot.Mode": "initial" },
    [unknown("Snapshot.Mode", "Did you mean snapshot.mode?")],
  ],
  [
    "a value that is not in the list",
    { "snapshot.mode": "sometimes" },
    [value("snapshot.mode", "sometimes", options["snapshot.mode"]?.allowed)],
  ],
  ["a number that is none", { "max.batch.size": "2k" }, [value("max.batch.size", "2k", "a whole number")]],
  ["a fraction for a whole number", { "max.queue.size": "1.5" }, [value("max.queue.size", "1.5", "a whole number")]],
  ["a boolean that is none", { "slot.drop.on.stop": "yes" }, [value("slot.drop.on.stop", "yes", ["true", "false"])]],
  ["what holds the pieces together", { "slot.name": "mine" }, [owned("slot.name", "mine")]],
  [
    "where things are",
    { "database.hostname": "db", "key.converter": "x" },
    [owned("database.hostname", "db"), owned("key.converter", "x")],
  ],
  [
    "a password, which is not shown",
    { "database.password": "letmein", "producer.override.sasl.jaas.config": "letmein" },
    [owned("database.password", "(a secret)"), owned("producer.override.sasl.jaas.config", "(a secret)")],
  ],
  [
    "all of it at once",
    { "slot.nme": "x", "slot.name": "x", "max.batch.size": "x" },
    [
      unknown("slot.nme", "Did you mean slot.name?"),
      owned("slot.name", "x"),
      value("max.batch.size", "x", "a whole number"),
    ],
  ],
])("%s is refused", (_what, given, said) => {
  expect(check(given, ["slot.name"])).toEqual(said);
});

test.each([
  ["snapshot.mode", "no_data"],
  ["snapshot.mode", "NO_DATA"],
  ["max.batch.size", "4096"],
  ["transforms", "route"],
  ["transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"],
  ["producer.override.batch.size", "65536"],
  ["column.mask.with.12.chars", "public.customers.name"],
  ["driver.connectTimeout", "5"],
])("%s = %s is taken", (name, given) => {
  expect(check({ [name]: given })).toEqual([]);
});

test("what Millrace only has a default for can be set otherwise", () => {
  expect(check({ "poll.interval.ms": "500" }, ["poll.interval.ms"])).toEqual([]);
});

test("no option of the definition is called unknown, and its allowed values are taken", () => {
  for (const [name, { type, allowed }] of Object.entries(options)) {
    const numbers = ["INT", "LONG", "SHORT", "DOUBLE"].includes(type);
    for (const fitting of allowed ?? [type === "BOOLEAN" ? "true" : numbers ? "1" : "x"]) {
      const messages = check({ [name]: fitting }).map(({ message }) => message);
      expect([[], ["Millrace sets this option from the graph."]]).toContainEqual(messages);
    }
  }
});

test("whatever is given, nothing throws, and each problem has its place", () => {
  const names = fc.oneof(fc.constantFrom(...Object.keys(options)), fc.string());
  fc.assert(
    fc.property(fc.dictionary(names, fc.string()), (given) => {
      for (const problem of check(given)) expect(problem.path).toMatch(/^a › b › /);
    }),
  );
});

describe("on a capture", () => {
  const project = copyProject(temporaryFolder());
  const capturing = (set: Capture["args"]["options"]) =>
    changing(
      "entities",
      (part) => ({ ...(part as Capture), args: { ...(part as Capture).args, options: set } }) as Capture,
    );

  test("wrong options are problems of the plan", async () => {
    const problems = await problemsOf(
      project,
      capturing({ "slot.name": "mine", "max.batch.sise": 1, "poll.interval.ms": true }),
    );
    expect(problems.map(({ path, given }) => [path, given])).toEqual([
      ["business-events › entities › options › slot.name", "mine"],
      ["business-events › entities › options › max.batch.sise", "max.batch.sise"],
      ["business-events › entities › options › poll.interval.ms", "true"],
    ]);
  });

  test("right ones are in the connector's configuration, beside Millrace's own", async () => {
    const [capture] = (await planOf(project, capturing({ "max.batch.size": 4096, "poll.interval.ms": 50 }))).captures;
    expect(capture?.config).toMatchObject({
      "max.batch.size": "4096",
      "poll.interval.ms": "50",
      "slot.name": "millrace_entities",
    });
  });

  test("every option that the plan sets is one that the connector has, with a value that it takes", async () => {
    const [capture] = (await planOf(project)).captures;
    expect(check({ ...capture?.config })).toEqual([]);
  });
});
