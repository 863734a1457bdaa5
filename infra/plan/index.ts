import type { StackConfig } from "../config";
import type { Capture, Database, Part, Pipeline } from "../model";
import { mergeTables, planAccess, runsTable } from "./access";
import { checkSettings, planApp } from "./apps";
import { planCapture } from "./captures";
import { choose } from "./choose";
import { planJob } from "./jobs";
import { planLakes } from "./lakes";
import { checkLoader } from "./loaders";
import { checkNames } from "./names";
import { nearest, type Problem, refuse } from "./problems";
import { checkKeyPath, readSchema, type SchemaText } from "./schemas";
import { changeSchemas } from "./shape/debezium-schema";
import { readMigrations } from "./shape/migrations";
import { closeScratch, openScratch } from "./shape/scratch";
import { tablesOf } from "./shape/tables";
import { databasesOf, flowOf, placeOf, planTopics } from "./topics";
import type {
  AppPlan,
  CapturePlan,
  DatabasePlan,
  Endpoints,
  JobPlan,
  PipelinePlan,
  Plan,
  PrincipalPlan,
  SubjectPlan,
} from "./types";

export interface PlanArgs {
  /** Folder of the project: schemas, migrations, jobs and apps are below it. */
  readonly root: string;
  /** All there are, so that contradictions between them are found whichever are deployed. */
  readonly pipelines: readonly Pipeline[];
  readonly config: StackConfig;
  readonly endpoints: Endpoints;
  /** Upstream databases that somebody else runs in this environment. Default none: their migrations are run, and their stand-ins play. */
  readonly external?: ReadonlySet<string>;
  /** Where what was worked out from unchanged files is kept. */
  readonly cacheFolder: string;
}

/** A plan as far as it could be made, and everything that is wrong with what was declared. */
export interface Draft {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
}

/** The pipelines as one plan. @throws UserError with everything that is wrong, at once. */
export async function makePlan(args: PlanArgs): Promise<Plan> {
  const { plan, problems } = await draftPlan(args);
  refuseToDeploy(problems);
  return plan;
}

export const refuseToDeploy = (problems: readonly Problem[]): void =>
  refuse(
    problems,
    `The pipelines cannot be deployed, ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`,
  );

/** As `makePlan`, for who finds more that is wrong. What cannot be known, because a file cannot be used, is left out of the plan. */
export async function draftPlan({
  root,
  pipelines,
  config,
  endpoints,
  cacheFolder,
  external = new Set(),
}: PlanArgs): Promise<Draft> {
  const problems: Problem[] = [];
  const found = <T extends { problems: readonly Problem[] }>(result: T): T => {
    problems.push(...result.problems);
    return result;
  };
  const chosen = found(choose(pipelines, config.pipelines)).chosen.map((pipeline) => withoutIdle(pipeline, external));

  problems.push(...planTopics(pipelines).problems, ...checkNames(pipelines));
  const { declared, topics } = planTopics(chosen);
  const { databases, unsure } = await planDatabases({ root, pipelines: chosen, cacheFolder, external }, found);
  problems.push(...checkTables(chosen, databases, unsure));

  // Of all pipelines, so that a lake has one keeper whichever of them are deployed.
  problems.push(...planLakes(root, pipelines, endpoints).problems);
  const { lakes } = planLakes(root, chosen, endpoints);

  const schemas = new Map<string, SchemaText>();
  const subjects: SubjectPlan[] = [];
  for (const topic of declared.values()) {
    const path = `topic ${topic.name}`;
    const { schema } = found(readSchema(root, topic.args.schema, `${path} › schema`));
    if (!schema) continue;
    problems.push(...checkKeyPath(schema, topic.args.key, `${path} › key`));
    schemas.set(topic.name, schema);
    const { compatibility } = topic.args.schema;
    subjects.push({
      name: `${topic.name}-value`,
      schemaType: schema.format === "json" ? "JSON" : "AVRO",
      schema: schema.text,
      compatibility,
      file: schema.file,
    });
  }

  const captures: CapturePlan[] = [];
  for (const { pipeline, part } of partsOf(chosen, "capture")) {
    const database = databases.get(part.database.name);
    if (!database) continue;
    captures.push(found(planCapture(pipeline, part, database)).capture);
    subjects.push(...captureSubjects(part, database, schemas, found));
  }

  const jobs: JobPlan[] = [];
  for (const pipeline of chosen) {
    for (const part of pipeline.parts) {
      if (part.kind !== "flink job" && part.kind !== "routing") continue;
      const { job } = found(
        planJob({
          root,
          pipeline,
          part,
          schemas,
          databases,
          lakes,
          endpoints,
          topics: topics.map((topic) => topic.name),
        }),
      );
      if (job) jobs.push(job);
    }
  }

  const apps: AppPlan[] = [];
  for (const pipeline of chosen) {
    for (const part of pipeline.parts) {
      if (part.kind !== "app" && part.kind !== "stand-in") continue;
      if (part.kind === "app") problems.push(...checkLoader(pipeline, part, schemas, databases));
      apps.push(found(planApp(root, pipeline, part, endpoints, config.settings, lakes)).app);
    }
  }
  const allApps = [...partsOf(pipelines, "app"), ...partsOf(pipelines, "stand-in")].map(({ part }) => part.name);
  problems.push(...checkSettings(config.settings, allApps));

  const plan = {
    pipelines: chosen.map(pipelinePlan),
    topics,
    subjects,
    databases: [...databases.values()].filter(({ name }) => !unsure.has(name)),
    lakes: [...lakes.values()],
    captures,
    jobs,
    apps,
    principals: planAccess(chosen, endpoints.jobs).map((principal) => withAllTables(principal, databases)),
  };
  return { plan, problems };
}

/** Where the outside party itself is, nobody plays it. */
const withoutIdle = (pipeline: Pipeline, external: ReadonlySet<string>): Pipeline => ({
  ...pipeline,
  parts: pipeline.parts.filter((part) => part.kind !== "stand-in" || !external.has(part.plays.name)),
});

/** Every database that any part touches, with the shape that its migrations give it. */
async function planDatabases(
  { root, pipelines, cacheFolder, external }: Required<Omit<PlanArgs, "config" | "endpoints">>,
  found: <T extends { problems: readonly Problem[] }>(result: T) => T,
) {
  const unsure = new Set<string>();
  const plans = new Map<string, DatabasePlan>();
  const scratch = openScratch(cacheFolder);
  for (const { name, upstream } of databasesOf(pipelines).values()) {
    const read = found(readMigrations(root, name));
    // Nothing to run is not worth the start of a Postgres.
    const made =
      read.files.length > 0 ? found(await tablesOf(scratch, name, read.files)) : { tables: [], problems: [] };
    plans.set(name, {
      name,
      upstream,
      ...(external.has(name) && { external: true }),
      migrations: read.files,
      tables: made.tables,
    });
    // Files that cannot be read, or run, make tables that nobody can know.
    if (read.problems.length > 0 || made.problems.length > 0) unsure.add(name);
  }
  await closeScratch(scratch);
  return { databases: plans, unsure };
}

function checkTables(
  pipelines: readonly Pipeline[],
  databases: ReadonlyMap<string, DatabasePlan>,
  unsure: ReadonlySet<string>,
): Problem[] {
  const problems: Problem[] = [];
  for (const pipeline of pipelines) {
    for (const part of pipeline.parts) {
      const { reads, writes } = flowOf(part);
      for (const end of [...reads, ...writes, ...ownTables(part)]) {
        if (end.kind !== "table" || unsure.has(end.database.name)) continue;
        const names = databases.get(end.database.name)?.tables.map((table) => table.name) ?? [];
        if (names.includes(end.name)) continue;
        const meant = nearest(end.name, names);
        problems.push({
          path: placeOf(pipeline, part),
          message: `Database ${end.database.name} has no table ${end.name}.`,
          given: end.name,
          allowed: names,
          fix: meant ? `Did you mean ${meant}?` : `Create it in migrations/${end.database.name}/.`,
        });
      }
    }
  }
  return problems;
}

/** Tables in which a part keeps what it needs for itself. */
function ownTables(part: Part) {
  if (part.kind !== "app" && part.kind !== "stand-in") return [];
  const { offsets, schedule, writes = [] } = part.args;
  const [written] = writes.filter((end) => end.kind === "table");
  return [...(offsets ? [offsets] : []), ...(schedule && written ? [written.database.table(runsTable)] : [])];
}

function captureSubjects(
  capture: Capture,
  database: DatabasePlan,
  schemas: Map<string, SchemaText>,
  found: <T extends { problems: readonly Problem[] }>(r: T) => T,
): SubjectPlan[] {
  return capture.streams.flatMap((stream) => {
    const table = database.tables.find((known) => known.name === stream.table.name);
    if (!table) return [];
    const { key, value } = found(changeSchemas({ capture: capture.name, database: database.name, table }));
    const file = `migrations/${database.name}/`;
    schemas.set(stream.name, { format: "avro", file, text: value, json: JSON.parse(value) });
    const { compatibility } = capture.args;
    return [
      { name: `${stream.name}-key`, schemaType: "AVRO" as const, schema: key, compatibility, file },
      { name: `${stream.name}-value`, schemaType: "AVRO" as const, schema: value, compatibility, file },
    ];
  });
}

function pipelinePlan({ name, parts }: Pipeline): PipelinePlan {
  const flows = parts.map(flowOf);
  const tables = (ends: readonly { kind: string }[]) =>
    ends
      .flatMap((end) => (end.kind === "table" ? [end as { name: string; database: Database; kind: "table" }] : []))
      .map((table) => ({ database: table.database.name, table: table.name }));
  const topics = flows.flatMap(({ writes }) => writes.flatMap((end) => (end.kind === "topic" ? [end.name] : [])));
  const names = (kind: Part["kind"][]) => parts.filter((part) => kind.includes(part.kind)).map((part) => part.name);
  const sinks = tables(flows.flatMap((flow) => flow.writes));
  // Where an app looks up what another has stored, nothing begins.
  const sources = tables(flows.flatMap((flow) => flow.reads)).filter(
    ({ database, table }) => !sinks.some((sink) => sink.database === database && sink.table === table),
  );
  return {
    name,
    sources,
    topics: [...new Set(topics)],
    sinks,
    lakes: [
      ...new Set(flows.flatMap(({ writes }) => writes.flatMap((end) => (end.kind === "lake" ? [end.name] : [])))),
    ],
    jobs: names(["flink job", "routing"]),
    apps: names(["app", "stand-in"]),
    captures: names(["capture"]),
  };
}

/** A stand-in may do what the party it plays may: change every table of its database. */
function withAllTables(principal: PrincipalPlan, databases: ReadonlyMap<string, DatabasePlan>): PrincipalPlan {
  const postgres = principal.postgres.flatMap((grant) =>
    grant.table === "*"
      ? (databases.get(grant.database)?.tables ?? []).map((table) => ({ ...grant, table: table.name }))
      : [grant],
  );
  return { ...principal, postgres: mergeTables(postgres) };
}

function partsOf<K extends Part["kind"]>(pipelines: readonly Pipeline[], kind: K) {
  return pipelines.flatMap((pipeline) =>
    pipeline.parts.flatMap((part) =>
      part.kind === kind ? [{ pipeline, part: part as Extract<Part, { kind: K }> }] : [],
    ),
  );
}
