import { app, avro, capture, database, type Pipeline, pipeline, type Topic, topic } from "../../infra/model";
import type { Problem } from "../../infra/plan/problems";
import { changing, copyProject, partOf, problemsOf, real, temporaryFolder, withPart } from "./project";

/** What a person can write wrong about topics: each is told with its place, what was given and what is allowed. */
const project = copyProject(temporaryFolder());
const runs = "business-events/consumer";

const like = (name: string, args: Partial<Topic["args"]> = {}) =>
  topic(name, { ...partOf("routing", "route-events").args.reads.args, ...args });
/** One more pipeline, whose app writes these topics. */
const writing = (...writes: readonly Topic[]) => [...real, pipeline("more", [app("writer", { runs, writes })])];
const more = (...parts: Parameters<typeof pipeline>[1]) => [...real, pipeline("more", parts)];

interface Mistake {
  readonly what: string;
  readonly pipelines: readonly Pipeline[];
  /** All problems there are, in order. */
  readonly said: readonly Problem[];
}

const mistakes: readonly Mistake[] = [
  {
    what: "two pipelines declare one topic differently",
    pipelines: more(
      app("reader", {
        runs,
        reads: [
          like("raw-business-events", {
            partitions: 6,
            retention: "1 day",
            key: "eventHeader.uuid",
            schema: avro("business-events/business-event", "NONE"),
          }),
        ],
      }),
    ),
    said: [
      [
        "schema",
        { format: "avro", file: "business-events/business-event", compatibility: "NONE" },
        '{"format":"avro","file":"business-events/business-event","compatibility":"FULL"}',
      ],
      ["key", "eventHeader.uuid", '"eventBody.entities[0].entityId"'],
      ["partitions", 6, "3"],
      ["retention", "1 day", '"7 days"'],
    ].map(([key, given, allowed]) => ({
      path: `more › reader › topic raw-business-events › ${key}`,
      message: "Topic raw-business-events is declared twice, and differently.",
      given,
      allowed: `${allowed}, as in business-events › to-events`,
      fix: "Declare it once, export it, and import it where it is used.",
    })),
  },
  {
    what: "a topic is read that nobody writes, because its name is misspelt",
    pipelines: withPart("loan-consumer", { reads: [like("filtered-loans-events")], rejects: undefined }),
    said: [
      {
        path: "business-events › loan-consumer › reads",
        message: "Topic filtered-loans-events is read, and nobody writes it.",
        given: "filtered-loans-events",
        allowed: [
          "entities.public.car_entities",
          "entities.public.loan_entities",
          "entities.public.service_record",
          "raw-business-events",
          "filtered-loan-events",
          "filtered-service-events",
          "filtered-car-events",
        ],
        fix: "Did you mean filtered-loan-events? Otherwise let a part write it.",
      },
    ],
  },
  {
    what: "a change stream is read whose capture is in no pipeline; the job that reads it is not told twice",
    pipelines: changing("entities", () =>
      capture(database("entities", { upstream: true }), "entities", {
        tables: ["car_entities", "loan_entities"],
        compatibility: "BACKWARD",
      }),
    ),
    said: [
      expect.objectContaining({
        path: "business-events › to-events › reads",
        message: "Topic entities.public.service_record is read, and nobody writes it.",
      }),
    ],
  },
  {
    what: "illegal topics",
    pipelines: writing(
      like("raw events", { partitions: 0 }),
      like("..", { retention: "1 week" as never }),
      like("x".repeat(250), { partitions: 2.5, retention: "-1 days" }),
      like("many", { partitions: "3" as never, retention: "days" as never }),
    ),
    said: [
      ...illegal("raw events", { name: true, partitions: 0 }),
      ...illegal("..", { name: true, retention: "1 week" }),
      ...illegal("x".repeat(250), { name: true, partitions: 2.5, retention: "-1 days" }),
      ...illegal("many", { partitions: "3", retention: "days" }),
    ],
  },
  {
    what: "a topic is declared that follows from another part",
    pipelines: writing(like("filtered-loan-events.dlq"), like("entities.signals")),
    said: [
      {
        path: "more › writer › topic entities.signals",
        message: "Topic entities.signals comes with business-events › entities already.",
        given: "entities.signals",
        fix: "Give the declared topic another name.",
      },
      {
        path: "more › writer › topic filtered-loan-events.dlq",
        message: "Topic filtered-loan-events.dlq comes with business-events › loan-consumer already.",
        given: "filtered-loan-events.dlq",
        fix: "Give the declared topic another name.",
      },
    ],
  },
  {
    what: "a key leads nowhere, to an element of no array, or to no text",
    pipelines: writing(
      like("one", { key: "eventBody.entities[0].entityid" }),
      like("two", { key: "eventHeader[0].uuid" }),
      like("three", { key: "eventHeader.createdDate" }),
      like("four", { key: "" }),
    ),
    said: [
      {
        ...key("one"),
        message: "The key eventBody.entities[0].entityid leads to no field: there is no entityid.",
        given: "eventBody.entities[0].entityid",
        allowed: ["entityType", "entityId", "updatedAttributes"],
        fix: "Did you mean entityId?",
      },
      {
        ...key("two"),
        message: "The key eventHeader[0].uuid takes an element of what is no array.",
        given: "eventHeader[0].uuid",
      },
      { ...key("three"), message: "The key eventHeader.createdDate must be text.", given: "long" },
      {
        ...key("four"),
        message: "The key  leads to no field: there is no .",
        given: "",
        allowed: ["eventHeader", "eventBody", "sourceMetadata"],
      },
    ],
  },
];

test.each(mistakes)("$what", async ({ pipelines, said }) => {
  expect(await problemsOf(project, pipelines)).toEqual(said);
});

test("contradictions with a pipeline that is left out are found", async () => {
  const pipelines = more(app("reader", { runs, reads: [like("raw-business-events", { partitions: 6 })] }));
  const problems = await problemsOf(project, pipelines, { pipelines: ["business-events"] });
  expect(problems.map(({ path }) => path)).toEqual(["more › reader › topic raw-business-events › partitions"]);
});

test("a job that is declared otherwise than its file reads and writes", async () => {
  const changes = partOf("capture", "entities").streams;
  const problems = await problemsOf(project, withPart("to-events", { reads: changes.slice(1), writes: [like("raw")] }));
  expect(problems.map(({ file, message }) => [file, message])).toEqual([
    [undefined, "Topic raw-business-events is read, and nobody writes it."],
    ["flink-jobs/business-events/to-events.sql", expect.stringMatching(/declares that it writes `raw`, and no INSERT/)],
    [
      "flink-jobs/business-events/to-events.sql",
      "`car_entities_changes` is nothing that to-events reads, and no view of this file",
    ],
    [
      "flink-jobs/business-events/to-events.sql",
      "`raw-business-events` exists, but to-events does not declare that it writes it",
    ],
  ]);
  expect(problems.slice(1).every(({ line }) => line !== undefined)).toBe(true);
});

function illegal(name: string, wrong: { name?: true; partitions?: unknown; retention?: string }): Problem[] {
  const path = `more › writer › topic ${name}`;
  const problems: Problem[] = [];
  if (wrong.name) {
    const allowed = "1 to 249 of a–z, A–Z, 0–9, '.', '_' and '-', and neither '.' nor '..'";
    problems.push({ path, message: "Kafka does not take this name.", given: name, allowed });
  }
  if (wrong.partitions !== undefined) {
    const [message, allowed] = ["A topic has at least one partition.", "a whole number from 1"];
    problems.push({ path: `${path} › partitions`, message, given: wrong.partitions, allowed });
  }
  if (wrong.retention !== undefined) {
    const allowed = '"250 ms", "30 seconds", "5 minutes", "12 hours", "7 days", "forever"';
    const message = "This is no length of time.";
    problems.push({ path: `${path} › retention`, message, given: wrong.retention, allowed });
  }
  return problems;
}

function key(name: string) {
  return { file: "schemas/business-events/business-event.avsc", path: `topic ${name} › key` };
}
