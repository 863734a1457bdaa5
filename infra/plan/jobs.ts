import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FlinkJob, Pipeline, Routing, Topic } from "../model";
import { flinkPrincipal, jobGroup, jobPrincipal } from "./access";
import { insert, overBound, parseFilters } from "./filters";
import type { Problem } from "./problems";
import type { SchemaText } from "./schemas";
import { envelopeColumns, noChange } from "./shape/change-view";
import {
  avroColumns,
  changeView,
  type FlinkColumn,
  jsonColumns,
  keyExpression,
  topicSink,
  topicSource,
} from "./shape/flink-tables";
import { unfitByRules } from "./shape/json-rules";
import { lakeSink } from "./shape/lake-sink";
import { literal } from "./shape/sql-text";
import { checkJob, type Relation } from "./sql";
import { flowOf, placeOf } from "./topics";
import type { DatabasePlan, Endpoints, JobPlan, LakePlan } from "./types";

export interface JobArgs {
  readonly root: string;
  readonly pipeline: Pipeline;
  readonly part: FlinkJob | Routing;
  /** Schema of the value of each topic and change stream. */
  readonly schemas: ReadonlyMap<string, SchemaText>;
  readonly databases: ReadonlyMap<string, DatabasePlan>;
  readonly lakes: ReadonlyMap<string, LakePlan>;
  readonly endpoints: Endpoints;
  /** Names of all topics. */
  readonly topics: readonly string[];
}

/**
 * Flink reads its credentials from here; a job's script holds none. Set for Flink's processes by each target.
 * Flink's Kafka connector brings its own copy of Kafka's client, under other names.
 */
const shaded = "org.apache.flink.kafka.shaded.org.apache.kafka";
const clientProperties = ({ kafkaLogin: login }: Endpoints): Record<string, string> => ({
  "security.protocol": login ? "SASL_SSL" : "SASL_PLAINTEXT",
  "sasl.mechanism": login?.mechanism ?? "PLAIN",
  ...(login && { "ssl.truststore.type": "PEM", "ssl.truststore.location": login.ca }),
  "sasl.jaas.config": `\${env:${flinkPrincipal.toUpperCase()}_JAAS}`,
  "config.providers": "env",
  "config.providers.env.class": `${shaded}.common.config.provider.EnvVarConfigProvider`,
  "config.providers.env.param.allowlist.pattern": "FLINK_.*",
});

/** A job as the whole script that Flink gets: settings, tables and views derived from the graph, and the job's own statements. */
export function planJob(args: JobArgs): { job?: JobPlan; problems: Problem[] } {
  const { pipeline, part } = args;
  const misused = checkEnds(pipeline, part);
  if (misused.length > 0) return { problems: misused };
  const tables = tablesOf(args);
  const own = part.kind === "routing" ? routingStatements(args, part) : fileStatements(args, part, tables);
  if (own.problems.length > 0) return { problems: own.problems };
  const { reads, writes, rejects } = flowOf(part);
  const isInsert = (statement: string) => /^INSERT\s/i.test(statement);
  const inserts = [...own.statements.filter(isInsert), ...tables.deadLetters];
  const others = own.statements.filter((statement) => !isInsert(statement));
  const parallelism = part.args.parallelism ?? 1;
  return {
    job: {
      name: part.name,
      pipeline: pipeline.name,
      parallelism,
      principal: jobPrincipal(part.name, args.endpoints.jobs),
      statements: [
        `SET 'pipeline.name' = ${literal(part.name)}`,
        `SET 'parallelism.default' = '${parallelism}'`,
        "SET 'table.local-time-zone' = 'UTC'",
        ...tables.statements,
        ...others,
        // One job for all INSERTs: what they share is read once.
        `EXECUTE STATEMENT SET BEGIN\n${inserts.map((statement) => `${statement};\n`).join("\n")}END`,
      ],
      reads: reads.flatMap((end) => (end.kind === "table" ? [] : [end.name])),
      writes: [...writes.flatMap((end) => (end.kind === "topic" ? [end.name] : [])), ...rejects],
      file: fileOf(pipeline, part),
    },
    problems: [],
  };
}

const fileOf = (pipeline: Pipeline, part: FlinkJob | Routing) =>
  part.kind === "routing" ? `flink-jobs/${part.args.filters}` : `flink-jobs/${pipeline.name}/${part.name}.sql`;

interface Tables {
  readonly statements: readonly string[];
  /** An INSERT for each topic that is read. */
  readonly deadLetters: readonly string[];
  readonly reads: readonly Relation[];
  readonly writes: readonly Relation[];
  /** Names that it could use if the schema of a topic, or the shape of a table, were known. */
  readonly missing: ReadonlySet<string>;
}

/** Flink's view of every topic that the job touches. Topics whose schema cannot be used have been reported already. */
function tablesOf({ part, schemas, databases, lakes, endpoints }: JobArgs): Tables {
  const statements: string[] = [];
  const deadLetters: string[] = [];
  const reads: Relation[] = [];
  const writes: Relation[] = [];
  const missing = new Set<string>();
  const { reads: from, writes: to } = flowOf(part);
  for (const end of from) {
    const schema = end.kind === "table" ? undefined : schemas.get(end.name);
    if (!schema) {
      missing.add(end.name);
      if (end.kind === "change stream") missing.add(`${end.table.name}_changes`);
      continue;
    }
    const shape =
      end.kind === "change stream"
        ? databases.get(end.table.database.name)?.tables.find((table) => table.name === end.table.name)
        : undefined;
    const judges = part.kind === "flink job" && part.args.rejects?.of.name === end.name;
    const unfit = shape ? noChange(shape) : unfitIn(part, schema, judges);
    const columns = end.kind === "change stream" ? envelopeColumns(schema.json) : columnsOf(schema);
    const source = topicSource({
      topic: end.name,
      format: schema.format,
      columns: judges ? columns.map(optional) : columns,
      withRecord: judges,
      endpoints,
      clientProperties: clientProperties(endpoints),
      groupId: jobGroup(part.name),
      ...(unfit && { unfit }),
    });
    statements.push(...source.statements);
    deadLetters.push(source.insert);
    if (judges) writes.push(source.deadLetter);
    reads.push({ name: end.name, columns: source.columns });
    if (end.kind !== "change stream" || !shape) continue;
    const view = changeView({ table: shape, topic: end.name, database: end.table.database.name });
    statements.push(view.sql);
    reads.push({ name: view.name, columns: view.columns, from: end.name });
  }
  for (const end of to) {
    if (end.kind === "lake") {
      const lake = lakes.get(end.name);
      if (!lake) missing.add(end.name);
      else {
        const sink = lakeSink(lake);
        statements.push(sink.sql);
        writes.push({ name: end.name, columns: sink.columns });
      }
      continue;
    }
    const schema = end.kind === "table" ? undefined : schemas.get(end.name);
    if (!schema) missing.add(end.name);
    if (!schema || end.kind !== "topic") continue;
    const sink = topicSink({
      topic: end.name,
      columns: columnsOf(schema),
      format: schema.format,
      valueSchema: schema.text,
      key: { field: end.args.key },
      endpoints,
      clientProperties: clientProperties(endpoints),
    });
    statements.push(sink.sql);
    writes.push({ name: end.name, columns: sink.columns });
  }
  return { statements, deadLetters, reads, writes, missing };
}

const columnsOf = (schema: SchemaText) => (schema.format === "json" ? jsonColumns : avroColumns)(schema.json);
/** The job says itself what is missing. */
const optional = ({ name, type }: FlinkColumn): FlinkColumn => ({ name, type: type.replace(/ NOT NULL$/, "") });

function unfitIn(part: FlinkJob | Routing, schema: SchemaText, judges: boolean) {
  if (part.kind === "routing") return tooLong(schema);
  return schema.format === "json" && !judges ? unfitByRules(schema.json) : undefined;
}

/** What a job cannot do with what it declares. */
function checkEnds(pipeline: Pipeline, part: FlinkJob | Routing): Problem[] {
  const place = placeOf(pipeline, part);
  if (part.kind === "routing") {
    return [part.args.reads, ...part.args.writes]
      .filter(({ args }) => args.schema.format !== "avro")
      .map(({ name }) => ({
        path: place,
        message: `Filters are written for topics in Avro, and ${name} is not.`,
        given: name,
        fix: "Write a flinkJob.",
      }));
  }
  const { reads = [], writes = [], rejects } = part.args;
  const problems: Problem[] = writes
    .filter((end) => end.kind === "table")
    .map(({ name }) => ({
      path: `${place} › writes`,
      message: `A job writes topics, and ${name} is a table.`,
      given: name,
      fix: "Let it write a topic, and a loader copy that into the table.",
    }));
  const topics = reads.filter((end) => end.kind === "topic").map(({ name }) => name);
  if (rejects && !topics.includes(rejects.of.name)) {
    problems.push({
      path: `${place} › rejects`,
      message: `The job rejects records of ${rejects.of.name}, which it does not read.`,
      given: rejects.of.name,
      allowed: topics,
    });
  }
  return problems;
}

const tooLong = (schema: SchemaText) => ({
  condition: overBound(schema.json),
  reason: "more entities than filters look at",
});

/** The statements of a job's file, checked against what it declares. */
function fileStatements(
  { root, pipeline, part, topics }: JobArgs,
  job: FlinkJob,
  tables: Tables,
): { statements: string[]; problems: Problem[] } {
  const file = fileOf(pipeline, part);
  if (!existsSync(join(root, file))) {
    return {
      statements: [],
      problems: [
        { path: placeOf(pipeline, job), message: `The job's file ${file} does not exist.`, fix: `Write ${file}.` },
      ],
    };
  }
  const text = readFileSync(join(root, file), "utf8");
  const { statements, problems: found } = checkJob({
    file,
    text,
    job: job.name,
    reads: tables.reads,
    writes: tables.writes,
    known: topics,
  });
  // What has no schema has been reported; that the file cannot use it is no second mistake.
  const problems = found.filter(({ given }) => !tables.missing.has(String(given)));
  return { statements: statements.map((statement) => statement.sql), problems };
}

/** One INSERT for each enabled filter. */
function routingStatements(
  { root, pipeline, schemas }: JobArgs,
  part: Routing,
): { statements: string[]; problems: Problem[] } {
  const { reads, writes } = part.args;
  const schema = schemas.get(reads.name);
  if (!schema) return { statements: [], problems: [] };
  const file = `flink-jobs/${part.args.filters}`;
  if (!existsSync(join(root, file))) {
    return {
      statements: [],
      problems: [
        {
          path: placeOf(pipeline, part),
          message: `The file of filters ${file} does not exist.`,
          fix: `Write ${file}.`,
        },
      ],
    };
  }
  const { filters, problems } = parseFilters(readFileSync(join(root, file), "utf8"), {
    file,
    schema: schema.json,
    outputs: writes.map((topic) => topic.name),
  });
  if (problems.length > 0) return { statements: [], problems };
  const columns = avroColumns(schema.json).map((column) => column.name);
  const enabled = filters.filter((filter) => filter.enabled);
  const inserts = enabled.map((filter) => {
    const { name, args } = writes.find((topic) => topic.name === filter.outputTopic) as Topic;
    return insert(filter, { from: reads.name, into: name, columns, key: keyExpression(args.key) });
  });
  return { statements: inserts, problems: [] };
}
