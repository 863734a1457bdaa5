import type { App, Capture, FlinkJob, Pipeline, Routing, StandIn } from "../model";
import { flowOf, heartbeatTopic, signalTopic } from "./topics";
import type { Endpoints, KafkaGrant, PrincipalPlan, TableGrant } from "./types";

/** Of all jobs, where they run in one Flink: one user, with the rights of all of them. */
export const flinkPrincipal = "flink";
/** The Kafka user and Postgres role of a capture. */
export const capturePrincipal = (capture: string) => `${capture}-capture`;
/** Consumer groups of jobs begin so. */
export const jobGroup = (job: string) => `flink-${job}`;

/** The Kafka user of a job. */
export const jobPrincipal = (job: string, jobs: Endpoints["jobs"]) =>
  jobs === "apart" ? jobGroup(job) : flinkPrincipal;

/** Who may do what, derived from what each part reads and writes, and nothing beyond it. */
export function planAccess(pipelines: readonly Pipeline[], jobs?: Endpoints["jobs"]): PrincipalPlan[] {
  const principals: PrincipalPlan[] = [];
  const flink = new Map<string, KafkaGrant[]>();
  for (const { parts } of pipelines) {
    for (const part of parts) {
      if (part.kind === "flink job" || part.kind === "routing") {
        const user = jobPrincipal(part.name, jobs);
        flink.set(user, [...(flink.get(user) ?? []), ...jobGrants(part)]);
      } else if (part.kind === "capture") principals.push(capturePrincipalOf(part));
      else principals.push(appPrincipalOf(part));
    }
  }
  for (const [name, grants] of flink) principals.push({ name, kafka: merge(grants), postgres: [], replication: false });
  return principals;
}

function jobGrants(job: FlinkJob | Routing): KafkaGrant[] {
  const { reads, writes, rejects } = flowOf(job);
  return [
    ...reads.flatMap((end) => (end.kind === "table" ? [] : [topicGrant(end.name, "Read")])),
    ...writes.flatMap((end) => (end.kind === "topic" ? [topicGrant(end.name, "Write")] : [])),
    ...rejects.map((name) => topicGrant(name, "Write")),
    { resource: "group", name: jobGroup(job.name), operations: ["Read", "Describe"] },
  ];
}

function capturePrincipalOf(capture: Capture): PrincipalPlan {
  return {
    name: capturePrincipal(capture.name),
    kafka: [
      ...capture.streams.map(({ name }) => topicGrant(name, "Write")),
      topicGrant(heartbeatTopic(capture.name), "Write"),
      topicGrant(signalTopic(capture.name), "Read"),
      // Debezium reads signals in a group of its own naming.
      { resource: "group", name: "kafka-signal", operations: ["Read", "Describe"] },
    ],
    postgres: capture.args.tables.map((table) => ({ database: capture.database.name, table, privileges: ["SELECT"] })),
    replication: true,
  };
}

function appPrincipalOf(app: App | StandIn): PrincipalPlan {
  const { reads, writes, rejects } = flowOf(app);
  const kafka: KafkaGrant[] = [];
  const postgres: TableGrant[] = [];
  for (const end of reads) {
    if (end.kind === "table") postgres.push({ database: end.database.name, table: end.name, privileges: ["SELECT"] });
    else
      kafka.push(topicGrant(end.name, "Read"), { resource: "group", name: app.name, operations: ["Read", "Describe"] });
  }
  for (const end of writes) {
    // An upsert reads what it replaces.
    if (end.kind === "table")
      postgres.push({ database: end.database.name, table: end.name, privileges: ["SELECT", "INSERT", "UPDATE"] });
    if (end.kind === "topic") kafka.push(topicGrant(end.name, "Write"));
  }
  kafka.push(...rejects.map((name) => topicGrant(name, "Write")));
  if (app.args.transactional) kafka.push(...transactionGrants(app));
  const { offsets } = app.args;
  if (offsets)
    postgres.push({
      database: offsets.database.name,
      table: offsets.name,
      privileges: ["SELECT", "INSERT", "UPDATE"],
    });
  if (app.kind === "stand-in" && app.plays.kind === "database")
    postgres.push({ database: app.plays.name, table: "*", privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"] });
  if (kafka.some((grant) => grant.operations.includes("Write"))) {
    kafka.push({ resource: "cluster", name: "kafka-cluster", operations: ["IdempotentWrite"] });
  }
  const { schedule } = app.args;
  if (schedule) return schedulePrincipal(app, postgres);
  const principal = { name: app.name, kafka: merge(kafka), postgres: mergeTables(postgres), replication: false };
  // Rows that replace others are copied aside first.
  return offsets ? { ...principal, temporaryIn: [offsets.database.name] } : principal;
}

/** A batch may also delete what it wrote; each of its steps has rights of its own. */
function schedulePrincipal(app: App | StandIn, tables: readonly TableGrant[]): PrincipalPlan {
  const [first] = tables;
  const steps = app.args.schedule?.run ?? [];
  if (!first) return { name: app.name, kafka: [], postgres: [], replication: false };
  const { database } = first;
  const privileges = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;
  const postgres = tables.map((grant) => (grant.privileges.includes("INSERT") ? { ...grant, privileges } : grant));
  const records: TableGrant = { database, table: runsTable, privileges: ["SELECT", "INSERT", "UPDATE"] };
  const functions = steps.some(({ kind }) => kind === "partitions")
    ? [{ database, signature: "keep_partitions(regclass, integer, integer)" }]
    : [];
  const schemas = steps.flatMap((step) => (step.kind === "dbt" ? [{ database, schema: `dbt_${step.project}` }] : []));
  return {
    name: app.name,
    kafka: [],
    postgres: mergeTables([...postgres, records]),
    replication: false,
    ...(functions.length > 0 && { functions }),
    ...(schemas.length > 0 && { schemas, temporaryIn: [database] }),
  };
}

/** Where schedules are recorded. */
export const runsTable = "schedule_runs";

/** Transactional ids and groups that begin with the app's name; the groups are those that it reads back in what it wrote. */
function transactionGrants(app: App | StandIn): KafkaGrant[] {
  const own = (kind: "transactional-id" | "group", operations: KafkaGrant["operations"]): KafkaGrant => ({
    resource: kind,
    name: `${app.name}${ownSeparator}`,
    prefix: true,
    operations,
  });
  return [
    own("transactional-id", ["Write", "Describe"]),
    own("group", ["Read", "Describe"]),
    ...flowOf(app).writes.flatMap((end) => (end.kind === "topic" ? [topicGrant(end.name, "Read")] : [])),
  ];
}

/** No name of an app holds it: so no app's prefix is another's. */
export const ownSeparator = "/";

const topicGrant = (name: string, right: "Read" | "Write"): KafkaGrant => ({
  resource: "topic",
  name,
  operations: [right, "Describe"],
});

/** One grant for each resource, with all its operations. */
function merge(grants: readonly KafkaGrant[]): KafkaGrant[] {
  const merged = new Map<string, KafkaGrant>();
  for (const grant of grants) {
    const key = `${grant.resource} ${grant.name}`;
    const operations = new Set([...(merged.get(key)?.operations ?? []), ...grant.operations]);
    merged.set(key, { ...grant, operations: [...operations] });
  }
  return [...merged.values()];
}

/** One grant for each table, with all its privileges: what the graph says twice is still one right. */
export function mergeTables(grants: readonly TableGrant[]): TableGrant[] {
  const merged = new Map<string, TableGrant>();
  for (const grant of grants) {
    const key = `${grant.database} ${grant.table}`;
    const privileges = new Set([...(merged.get(key)?.privileges ?? []), ...grant.privileges]);
    merged.set(key, { ...grant, privileges: [...privileges] });
  }
  return [...merged.values()];
}
