import type { StackConfig } from "../../infra/config";
import { app, capture, database, flinkJob, type Pipeline, pipeline, type Topic, topic } from "../../infra/model";
import type { Problem } from "../../infra/plan/problems";
import { changing, copyProject, partOf, problemsOf, real, temporaryFolder, withPart } from "./project";

/** What a person can write wrong in `infra/pipelines/` and in a stack's file: each is told with its place, what was given and what is allowed. */
const project = copyProject(temporaryFolder());
const consumers = database("consumers");
const runs = "business-events/consumer";

const like = (name: string, args: Partial<Topic["args"]> = {}) =>
  topic(name, { ...partOf("routing", "route-events").args.reads.args, ...args });
/** The real pipelines and one more. */
const more = (...parts: Parameters<typeof pipeline>[1]) => [...real, pipeline("more", parts)];

interface Mistake {
  readonly what: string;
  readonly pipelines?: readonly Pipeline[];
  readonly config?: Partial<StackConfig>;
  /** All problems there are, in order. */
  readonly said: readonly Problem[];
}

const mistakes: readonly Mistake[] = [
  {
    what: "a table that no migration creates, read, written and captured",
    pipelines: [
      ...changing("entities", () =>
        capture(database("entities"), "entities", {
          tables: ["car_entities", "loan_entities", "service_record", "loans"],
          compatibility: "BACKWARD",
        }),
      ),
      pipeline("more", [
        app("writer", { runs, reads: [consumers.table("loan_event")], writes: [consumers.table("invoices")] }),
      ]),
    ],
    said: [
      {
        path: "business-events › entities",
        message: "Database entities has no table loans.",
        given: "loans",
        allowed: ["car_entities", "loan_entities", "service_record"],
        fix: "Create it in migrations/entities/.",
      },
      {
        path: "more › writer",
        message: "Database consumers has no table loan_event.",
        given: "loan_event",
        allowed: ["car_events", "loan_events", "service_events"],
        fix: "Did you mean loan_events?",
      },
      {
        path: "more › writer",
        message: "Database consumers has no table invoices.",
        given: "invoices",
        allowed: ["car_events", "loan_events", "service_events"],
        fix: "Create it in migrations/consumers/.",
      },
    ],
  },
  {
    what: "a database that has no migrations, and one whose name Postgres has taken",
    pipelines: more(
      app("writer", { runs, writes: [database("ledger").table("entries")] }),
      app("other", { runs, writes: [database("template1").table("entries")] }),
    ),
    said: [
      {
        path: "database template1",
        message: "This is no name of a database.",
        given: "template1",
        allowed: expect.stringContaining("none of postgres, registry, template0, template1") as unknown as string,
      },
      {
        file: "migrations/ledger",
        message: "Database ledger has no migrations.",
        fix: "Write migrations/ledger/0001_create_tables.sql.",
      },
      expect.objectContaining({ message: "Database template1 has no migrations." }),
    ],
  },
  {
    what: "an app of two databases",
    pipelines: withPart("loan-consumer", {
      writes: [consumers.table("loan_events"), database("entities").table("car_entities")],
    }),
    said: [
      {
        path: "business-events › loan-consumer",
        message: "An app uses one database.",
        given: ["consumers", "entities"],
        fix: "Make it two apps.",
      },
    ],
  },
  {
    what: "settings that would cover what follows from the graph, in a pipeline and in a stack's file",
    pipelines: withPart("loan-consumer", { settings: { kafkaBootstrap: "elsewhere:9092", sessionTimeoutMs: 6000 } }),
    config: { settings: { "car-consumer": { pgpassword: "x", port: 1, sessionTimeoutMs: 6000 } } },
    said: [
      owned("business-events › loan-consumer › settings › kafkaBootstrap", "KAFKA_BOOTSTRAP"),
      owned("millrace:settings.car-consumer › pgpassword", "PGPASSWORD"),
      owned("millrace:settings.car-consumer › port", "PORT"),
    ],
  },
  {
    what: "an unknown pipeline and an unknown app in a stack's file; apps of pipelines that are left out are known",
    config: { pipelines: ["buisness-events", "payments"], settings: { "lone-consumer": { x: 1 }, "car-consumer": {} } },
    said: [
      {
        path: "millrace:pipelines",
        message: "There is no such pipeline.",
        given: "buisness-events",
        allowed: ["business-events"],
        fix: "Did you mean business-events?",
      },
      {
        path: "millrace:pipelines",
        message: "There is no such pipeline.",
        given: "payments",
        allowed: ["business-events"],
      },
      {
        path: "millrace:settings.lone-consumer",
        message: "There is no such app.",
        given: "lone-consumer",
        allowed: ["loan-consumer", "service-consumer", "car-consumer", "entities-simulator"],
        fix: "Did you mean loan-consumer?",
      },
    ],
  },
  {
    what: "names that a part cannot have, or that are taken",
    pipelines: [
      ...real,
      pipeline("More", [
        app("Writer", { runs }),
        app("postgres", { runs }),
        app("entities-capture", { runs }),
        app("car-consumer", { runs }),
        capture(database("entities"), "c".repeat(55), { tables: ["car_entities"], compatibility: "BACKWARD" }),
      ]),
      pipeline("business-events", []),
    ],
    said: [
      expect.objectContaining({ path: "More", message: "This is no name of a pipeline.", given: "More" }),
      {
        path: "More › Writer",
        message: "This is no name of a part.",
        given: "Writer",
        allowed: "a–z, 0–9 and '-', beginning with a letter, 62 at most",
      },
      expect.objectContaining({
        path: "More › postgres",
        message: "The platform itself has something of this name.",
        given: "postgres",
      }),
      expect.objectContaining({
        path: "More › entities-capture",
        message: "Capture entities has a user of this name.",
        given: "entities-capture",
      }),
      {
        path: "More › car-consumer",
        message: "There is another app of this name, in business-events › car-consumer.",
        given: "car-consumer",
        fix: "Give one another name.",
      },
      expect.objectContaining({ message: "This is no name of a part.", given: "c".repeat(55) }),
      expect.objectContaining({ path: "business-events", message: "There is another pipeline of this name." }),
    ],
  },
];

test.each(mistakes)("$what", async ({ pipelines = real, config, said }) => {
  expect(await problemsOf(project, pipelines, config)).toEqual(said);
});

test("many mistakes of many kinds are told at once", async () => {
  const raw = like("raw-business-events", { partitions: 0 });
  const problems = await problemsOf(
    project,
    more(
      app("Writer", { runs: "nowhere", writes: [raw, consumers.table("loan_event")], settings: { port: 1 } }),
      flinkJob("no-file", { reads: [like("nobody")], writes: [like("x y")] }),
      capture(consumers, "more", {
        tables: ["loan_events"],
        compatibility: "FULL",
        options: { "snapshot.mod": "initial", "max.batch.size": "many" },
      }),
    ),
    { pipelines: ["nothing"], settings: { nobody: {} } },
  );
  expect(problems.map(({ path, message }) => `${path}: ${message}`)).toMatchInlineSnapshot(`
[
  "millrace:pipelines: There is no such pipeline.",
  "more › Writer › topic raw-business-events › partitions: Topic raw-business-events is declared twice, and differently.",
  "more › no-file › topic x y: Kafka does not take this name.",
  "more › no-file › reads: Topic nobody is read, and nobody writes it.",
  "more › Writer: This is no name of a part.",
  "more › Writer: Database consumers has no table loan_event.",
  "more › more › tables: Table loan_events does not log the row as it was before a change, so no event could say what changed.",
  "more › more › options › snapshot.mod: PostgresConnector 3.7.0.Final has no such option.",
  "more › more › options › max.batch.size: The connector does not take this value.",
  "more › no-file: The job's file flink-jobs/more/no-file.sql does not exist.",
  "more › Writer: There is no program apps/nowhere/server.ts.",
  "more › Writer › settings › port: Millrace sets PORT from the graph.",
  "millrace:settings.nobody: There is no such app.",
]
`);
});

function owned(path: string, variable: string): Problem {
  const fix = "Remove it, or give the setting another name.";
  return { path, message: `Millrace sets ${variable} from the graph.`, fix };
}
