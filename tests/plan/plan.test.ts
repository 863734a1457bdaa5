import fc from "fast-check";
import { avro, flinkJob, pipeline, topic } from "../../infra/model";
import { planTopics } from "../../infra/plan/topics";
import type { Plan } from "../../infra/plan/types";
import { copyProject, planOf, temporaryFolder } from "./project";

const folder = temporaryFolder();
const project = copyProject(folder);
let plan: Plan;
beforeAll(async () => {
  plan = await planOf(project);
});

test("the plan of business-events: topics", () => {
  const lines = plan.topics.map(({ name, partitions, config }) => `${name} ×${partitions} ${JSON.stringify(config)}`);
  expect(lines).toMatchInlineSnapshot(`
[
  "entities.public.car_entities ×1 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "entities.public.loan_entities ×1 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "entities.public.service_record ×1 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "__debezium-heartbeat.entities ×1 {"cleanup.policy":"delete","retention.ms":"86400000"}",
  "entities.signals ×1 {"cleanup.policy":"delete","retention.ms":"86400000"}",
  "raw-business-events ×3 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "entities.public.car_entities.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
  "entities.public.loan_entities.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
  "entities.public.service_record.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
  "filtered-loan-events ×3 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "filtered-service-events ×3 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "filtered-car-events ×3 {"cleanup.policy":"delete","retention.ms":"604800000"}",
  "raw-business-events.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
  "filtered-loan-events.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
  "filtered-service-events.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
  "filtered-car-events.dlq ×1 {"cleanup.policy":"delete","retention.ms":"2592000000","max.message.bytes":"1114124"}",
]
`);
});

test("the plan of business-events: who may do what", () => {
  const lines = plan.principals.flatMap(({ name, kafka, postgres, replication }) => [
    `${name}${replication ? ", replication" : ""}`,
    ...kafka.map(
      (grant) => `  ${grant.resource} ${grant.name}${grant.prefix ? "*" : ""}: ${grant.operations.join(" ")}`,
    ),
    ...postgres.map((grant) => `  ${grant.database}.${grant.table}: ${grant.privileges.join(" ")}`),
  ]);
  expect(lines).toMatchInlineSnapshot(`
[
  "entities-simulator",
  "  entities.car_entities: SELECT INSERT UPDATE DELETE",
  "  entities.loan_entities: SELECT INSERT UPDATE DELETE",
  "  entities.service_record: SELECT INSERT UPDATE DELETE",
  "entities-capture, replication",
  "  topic entities.public.car_entities: Write Describe",
  "  topic entities.public.loan_entities: Write Describe",
  "  topic entities.public.service_record: Write Describe",
  "  topic __debezium-heartbeat.entities: Write Describe",
  "  topic entities.signals: Read Describe",
  "  group kafka-signal: Read Describe",
  "  entities.car_entities: SELECT",
  "  entities.loan_entities: SELECT",
  "  entities.service_record: SELECT",
  "loan-consumer",
  "  topic filtered-loan-events: Read Describe",
  "  group loan-consumer: Read Describe",
  "  topic filtered-loan-events.dlq: Write Describe",
  "  cluster kafka-cluster: IdempotentWrite",
  "  consumers.loan_events: SELECT INSERT UPDATE",
  "service-consumer",
  "  topic filtered-service-events: Read Describe",
  "  group service-consumer: Read Describe",
  "  topic filtered-service-events.dlq: Write Describe",
  "  cluster kafka-cluster: IdempotentWrite",
  "  consumers.service_events: SELECT INSERT UPDATE",
  "car-consumer",
  "  topic filtered-car-events: Read Describe",
  "  group car-consumer: Read Describe",
  "  topic filtered-car-events.dlq: Write Describe",
  "  cluster kafka-cluster: IdempotentWrite",
  "  consumers.car_events: SELECT INSERT UPDATE",
  "flink",
  "  topic entities.public.car_entities: Read Describe",
  "  topic entities.public.loan_entities: Read Describe",
  "  topic entities.public.service_record: Read Describe",
  "  topic raw-business-events: Write Describe Read",
  "  topic entities.public.car_entities.dlq: Write Describe",
  "  topic entities.public.loan_entities.dlq: Write Describe",
  "  topic entities.public.service_record.dlq: Write Describe",
  "  group flink-to-events: Read Describe",
  "  topic filtered-loan-events: Write Describe",
  "  topic filtered-service-events: Write Describe",
  "  topic filtered-car-events: Write Describe",
  "  topic raw-business-events.dlq: Write Describe",
  "  group flink-route-events: Read Describe",
]
`);
});

test("the plan of business-events: apps and their environment", () => {
  const lines = plan.apps.flatMap(({ name, folder: runs, standIn, env }) => [
    `${name}: apps/${runs}${standIn ? ", stand-in" : ""}`,
    ...Object.entries(env).map(([variable, value]) => `  ${variable}=${value}`),
  ]);
  expect(lines).toMatchInlineSnapshot(`
[
  "entities-simulator: apps/business-events/entities-simulator, stand-in",
  "  APP_NAME=entities-simulator",
  "  PORT=17608",
  "  POSTGRES_URL=postgresql://entities-simulator@127.0.0.1:17032/entities",
  "  CHANGES_PER_SECOND=20",
  "loan-consumer: apps/business-events/consumer",
  "  APP_NAME=loan-consumer",
  "  PORT=17580",
  "  KAFKA_BOOTSTRAP=127.0.0.1:17092",
  "  KAFKA_USERNAME=loan-consumer",
  "  REGISTRY_URL=http://127.0.0.1:17081",
  "  POSTGRES_URL=postgresql://loan-consumer@127.0.0.1:17032/consumers",
  "  READS_TOPIC=filtered-loan-events",
  "  WRITES_TABLE=loan_events",
  "  REJECTS_TOPIC=filtered-loan-events.dlq",
  "service-consumer: apps/business-events/consumer",
  "  APP_NAME=service-consumer",
  "  PORT=17779",
  "  KAFKA_BOOTSTRAP=127.0.0.1:17092",
  "  KAFKA_USERNAME=service-consumer",
  "  REGISTRY_URL=http://127.0.0.1:17081",
  "  POSTGRES_URL=postgresql://service-consumer@127.0.0.1:17032/consumers",
  "  READS_TOPIC=filtered-service-events",
  "  WRITES_TABLE=service_events",
  "  REJECTS_TOPIC=filtered-service-events.dlq",
  "car-consumer: apps/business-events/consumer",
  "  APP_NAME=car-consumer",
  "  PORT=17415",
  "  KAFKA_BOOTSTRAP=127.0.0.1:17092",
  "  KAFKA_USERNAME=car-consumer",
  "  REGISTRY_URL=http://127.0.0.1:17081",
  "  POSTGRES_URL=postgresql://car-consumer@127.0.0.1:17032/consumers",
  "  READS_TOPIC=filtered-car-events",
  "  WRITES_TABLE=car_events",
  "  REJECTS_TOPIC=filtered-car-events.dlq",
]
`);
});

test("the plan of business-events: subjects, captures, jobs, and what a person looks at", () => {
  const { captures, jobs, subjects } = plan;
  expect({
    pipelines: plan.pipelines,
    subjects: subjects.map(({ name, compatibility, file }) => `${name} ${compatibility} ${file}`),
    captures: captures.map(({ config, ...rest }) => rest),
    jobs: jobs.map(({ statements, ...rest }) => ({ ...rest, statements: statements.length })),
  }).toMatchInlineSnapshot(`
{
  "captures": [
    {
      "connectorClass": "io.debezium.connector.postgresql.PostgresConnector",
      "database": "entities",
      "name": "entities",
      "publication": "millrace_entities",
      "slot": "millrace_entities",
      "tables": [
        "car_entities",
        "loan_entities",
        "service_record",
      ],
      "topics": [
        "entities.public.car_entities",
        "entities.public.loan_entities",
        "entities.public.service_record",
        "__debezium-heartbeat.entities",
      ],
    },
  ],
  "jobs": [
    {
      "file": "flink-jobs/business-events/to-events.sql",
      "name": "to-events",
      "parallelism": 1,
      "pipeline": "business-events",
      "principal": "flink",
      "reads": [
        "entities.public.car_entities",
        "entities.public.loan_entities",
        "entities.public.service_record",
      ],
      "statements": 20,
      "writes": [
        "raw-business-events",
        "entities.public.car_entities.dlq",
        "entities.public.loan_entities.dlq",
        "entities.public.service_record.dlq",
      ],
    },
    {
      "file": "flink-jobs/filters.yaml",
      "name": "route-events",
      "parallelism": 1,
      "pipeline": "business-events",
      "principal": "flink",
      "reads": [
        "raw-business-events",
      ],
      "statements": 10,
      "writes": [
        "filtered-loan-events",
        "filtered-service-events",
        "filtered-car-events",
        "raw-business-events.dlq",
      ],
    },
  ],
  "pipelines": [
    {
      "apps": [
        "entities-simulator",
        "loan-consumer",
        "service-consumer",
        "car-consumer",
      ],
      "captures": [
        "entities",
      ],
      "jobs": [
        "to-events",
        "route-events",
      ],
      "lakes": [],
      "name": "business-events",
      "sinks": [
        {
          "database": "consumers",
          "table": "loan_events",
        },
        {
          "database": "consumers",
          "table": "service_events",
        },
        {
          "database": "consumers",
          "table": "car_events",
        },
      ],
      "sources": [
        {
          "database": "entities",
          "table": "car_entities",
        },
        {
          "database": "entities",
          "table": "loan_entities",
        },
        {
          "database": "entities",
          "table": "service_record",
        },
      ],
      "topics": [
        "raw-business-events",
        "filtered-loan-events",
        "filtered-service-events",
        "filtered-car-events",
      ],
    },
  ],
  "subjects": [
    "raw-business-events-value FULL schemas/business-events/business-event.avsc",
    "filtered-loan-events-value FULL schemas/business-events/filtered-event.avsc",
    "filtered-service-events-value FULL schemas/business-events/filtered-event.avsc",
    "filtered-car-events-value FULL schemas/business-events/filtered-event.avsc",
    "entities.public.car_entities-key BACKWARD migrations/entities/",
    "entities.public.car_entities-value BACKWARD migrations/entities/",
    "entities.public.loan_entities-key BACKWARD migrations/entities/",
    "entities.public.loan_entities-value BACKWARD migrations/entities/",
    "entities.public.service_record-key BACKWARD migrations/entities/",
    "entities.public.service_record-value BACKWARD migrations/entities/",
  ],
}
`);
});

test("no part of the plan holds a secret, and what a target resolves stays a reference", () => {
  const text = JSON.stringify(plan);
  expect(text).not.toMatch(/_PASSWORD|PGPASSWORD|"password"|database\.password/);
  const jaas = [...text.matchAll(/'properties\.sasl\.jaas\.config' = '([^']*)'/g)].map(([, value]) => value);
  expect(new Set(jaas)).toEqual(new Set(["${env:FLINK_JAAS}"]));
  for (const { env } of plan.apps) {
    if (env.POSTGRES_URL) expect(new URL(env.POSTGRES_URL).password).toBe("");
  }
});

test("a plan is the same each time, from a cache or without", async () => {
  expect(await planOf(project)).toEqual(plan);
  const elsewhere = copyProject(folder);
  const uncached = await planOf({ ...elsewhere, cacheFolder: `${elsewhere.root}/cache` });
  expect(JSON.stringify(uncached)).toBe(JSON.stringify(plan));
});

describe("topics of generated pipelines", () => {
  const declared = fc
    .uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 5 })
    .map((names) =>
      names.map((name, i) =>
        topic(name, { schema: avro("x", "FULL"), key: "id", ...(i % 2 === 0 && { partitions: i + 1 }) }),
      ),
    );
  const pipelines = declared.chain((topics) =>
    fc
      .array(fc.record({ reads: fc.subarray(topics), writes: fc.subarray(topics) }), {
        minLength: 1,
        maxLength: 4,
      })
      .map((flows) => flows.map(({ reads, writes }, i) => pipeline(`p-${i}`, [flinkJob(`j-${i}`, { reads, writes })]))),
  );

  test("each stands once, with its dead letter, and its declared size", () => {
    fc.assert(
      fc.property(pipelines, (all) => {
        const { topics, declared: known } = planTopics(all);
        const names = topics.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const { parts } of all) {
          for (const part of parts) {
            if (part.kind !== "flink job") continue;
            const { reads = [], writes = [] } = part.args;
            const expected = [...reads, ...writes].map(({ name }) => name);
            expect(names).toEqual(expect.arrayContaining([...expected, ...reads.map(({ name }) => `${name}.dlq`)]));
          }
        }
        for (const { name, args } of known.values()) {
          expect(topics.find((one) => one.name === name)?.partitions).toBe(args.partitions ?? 3);
        }
      }),
    );
  });

  test("a topic is a problem exactly when somebody reads it and nobody writes it", () => {
    fc.assert(
      fc.property(pipelines, (all) => {
        const flows = all.flatMap(({ parts }) => parts.map((part) => (part.kind === "flink job" ? part.args : {})));
        const written = new Set(flows.flatMap(({ writes = [] }) => writes.map(({ name }) => name)));
        const read = new Set(flows.flatMap(({ reads = [] }) => reads.map(({ name }) => name)));
        const given = planTopics(all).problems.map((problem) => problem.given);
        expect(new Set(given)).toEqual(new Set([...read].filter((name) => !written.has(name))));
        expect(given).toHaveLength(new Set(given).size);
      }),
    );
  });
});
