import type { Problem } from "../../infra/plan/problems";
import {
  copyProject,
  edit,
  lineOf,
  type Project,
  planOf,
  problemsOf,
  real,
  remove,
  temporaryFolder,
  write,
} from "./project";

/** What can be wrong in `schemas/`, `migrations/`, `flink-jobs/` and `apps/`: each is told with its file, and its line where there is one. */
const folder = temporaryFolder();

const job = "flink-jobs/business-events/to-events.sql";
const filters = "flink-jobs/filters.yaml";
const entities = "migrations/entities/0001_entities.sql";
const event = "schemas/business-events/business-event.avsc";
const filtered = "schemas/business-events/filtered-event.avsc";

interface Mistake {
  readonly what: string;
  readonly change: (project: Project) => void;
  /** All problems there are, in order; `at` is a piece of the line, in the changed file, that a problem must name. */
  readonly said: readonly (Problem & { at?: string })[];
}

const mistakes: readonly Mistake[] = [
  {
    what: "a job reads a column that its table lacks, in two places",
    change: (project) => {
      edit(project, job, "after.amount_paid", "after.amont_paid");
      edit(project, job, "car_id AS entity_id", "car_idd AS entity_id");
    },
    said: [
      {
        file: job,
        at: "after.amont_paid",
        path: "column 25",
        message: "`after` has no field `amont_paid`",
        given: "amont_paid",
        allowed: expect.arrayContaining(["loan_amount", "amount_paid"]) as unknown as string[],
        fix: "Write `amount_paid`.",
      },
      {
        file: job,
        at: "car_idd",
        path: "column 3",
        message: "`car_idd` is not a column of `car_entities_changes`",
        given: "car_idd",
        allowed: expect.arrayContaining(["car_id", "owner_id"]) as unknown as string[],
        fix: "Write `car_id`.",
      },
    ],
  },
  {
    what: "a job reads a topic that it does not declare",
    change: (project) => edit(project, job, "FROM car_entities_changes", "FROM `filtered-car-events`"),
    said: [
      expect.objectContaining({
        file: job,
        message: expect.stringMatching(
          /declares that it reads `entities.public.car_entities`, and the file never does/,
        ),
      }),
      expect.objectContaining({
        file: job,
        at: "FROM `filtered-car-events`",
        given: "filtered-car-events",
        message: "`filtered-car-events` exists, but to-events does not declare that it reads it",
        fix: "Add it to the job's `reads`.",
      }),
    ],
  },
  {
    what: "filters are wrong in three places",
    change: (project) => {
      edit(project, filters, "operator: greaterThan, value: 1000000", "operator: greaterThen, value: 1000000");
      edit(project, filters, "outputTopic: filtered-service-events", "outputTopic: filtered-services-events");
      edit(
        project,
        filters,
        'entities[].entityType", operator: equals, value: Car',
        'entities[].type", operator: equals, value: Car',
      );
    },
    said: [
      expect.objectContaining({
        file: filters,
        at: "greaterThen",
        given: "greaterThen",
        fix: "Did you mean greaterThan?",
      }),
      expect.objectContaining({ file: filters, at: "filtered-services-events", given: "filtered-services-events" }),
      expect.objectContaining({ file: filters, at: 'entities[].type"', given: "eventBody.entities[].type" }),
    ],
  },
  {
    what: "schemas that are no schemas; nothing follows from them that is not itself wrong",
    change: (project) => {
      edit(project, event, '"name": "savedDate", "type": "long"', '"name": "savedDate", "type": "lng"');
      write(project, filtered, "{ not json");
    },
    said: [
      {
        file: event,
        path: "topic raw-business-events › schema",
        message: "This is no Avro schema: undefined type name: millrace.businessevents.lng.",
      },
      ...["loan", "service", "car"].map((which) =>
        expect.objectContaining({
          file: filtered,
          path: `topic filtered-${which}-events › schema`,
          message: expect.stringMatching(/^This is no Avro schema: .*JSON/),
        }),
      ),
    ],
  },
  {
    what: "files that do not exist",
    change: (project) => {
      for (const file of [event, job, "apps/business-events/consumer/server.ts"]) remove(project, file);
    },
    said: [
      {
        path: "topic raw-business-events › schema",
        message: `The schema file ${event} does not exist.`,
        fix: `Write ${event}.`,
      },
      {
        path: "business-events › to-events",
        message: `The job's file ${job} does not exist.`,
        fix: `Write ${job}.`,
      },
      ...["loan", "service", "car"].map((which) => ({
        path: `business-events › ${which}-consumer`,
        message: "There is no program apps/business-events/consumer/server.ts.",
        given: "business-events/consumer",
        fix: "Write it, or name its folder with runs.",
      })),
    ],
  },
  {
    what: "the filters' file does not exist",
    change: (project) => remove(project, filters),
    said: [
      {
        path: "business-events › route-events",
        message: `The file of filters ${filters} does not exist.`,
        fix: `Write ${filters}.`,
      },
    ],
  },
  {
    what: "two migrations with one number, and a captured table that cannot be captured",
    change: (project) => {
      write(project, "migrations/entities/0001_more.sql", "SELECT 1;");
      edit(project, entities, "ALTER TABLE car_entities REPLICA IDENTITY FULL;", "");
      edit(project, entities, "loan_id         text PRIMARY KEY", "loan_id         text");
    },
    said: [
      {
        file: "migrations/entities",
        message: "2 migrations have the number 0001, so their order is not known.",
        given: "0001_entities.sql, 0001_more.sql",
        allowed: "one file for each number",
        fix: "Give the newest the number 0002.",
      },
      {
        path: "business-events › entities › tables",
        message:
          "Table car_entities does not log the row as it was before a change, so no event could say what changed.",
        fix: "Add to migrations/entities/: ALTER TABLE car_entities REPLICA IDENTITY FULL;",
      },
      {
        path: "business-events › entities › tables",
        message: "Table loan_entities has no primary key: its changes could not be told apart.",
        fix: "Give it one in migrations/entities/.",
      },
    ],
  },
  {
    what: "a migration that Postgres refuses; what its tables would have been is not asked for again",
    change: (project) => edit(project, entities, "vin         text NOT NULL UNIQUE", "vin         txt NOT NULL UNIQUE"),
    said: [
      {
        file: entities,
        at: "vin         txt",
        message: 'Postgres refuses this: type "txt" does not exist.',
      },
    ],
  },
];

test.each(mistakes)("$what", async ({ change, said }) => {
  const project = copyProject(folder);
  change(project);
  const problems = await problemsOf(project);
  expect(problems).toEqual(said.map((one) => placed(project, one)));
});

test("the copy that is changed is right before", async () => {
  await expect(planOf(copyProject(folder), real)).resolves.toBeDefined();
});

/** `at` turned into the line where it stands. An asymmetric matcher keeps what it matches, plus the line. */
function placed(project: Project, expected: Problem & { at?: string; sample?: Problem & { at?: string } }): unknown {
  const { at, ...rest } = expected.sample ?? expected;
  const whole = at === undefined ? rest : { ...rest, line: lineOf(project, rest.file as string, at) };
  return expected.sample ? expect.objectContaining(whole) : whole;
}
