/**
 * The words a pipeline is written in. Data only: nothing here knows Pulumi, a target, a host, a port or a password.
 *
 * Glossary
 *   topic      a Kafka topic with one schema and one key
 *   database   a Postgres database; its shape is its migrations. `upstream`: someone else's, captured and read
 *   table      a table of a database; it must exist after the migrations
 *   lake       Parquet files in folders by one column, of one schema, one row for each key; jobs bring rows in, its keeper lays them down
 *   capture    Debezium on a database: one topic per captured table, its schema derived from the table
 *   flink job  one SQL file of views and INSERTs; its tables come from what it reads and writes
 *   routing    declared filters, compiled into one flink job: one output topic per filter
 *   app        a TypeScript program, long-running
 *   schedule   an app that comes with Millrace: steps that run by the clock
 *   loader     an app that comes with Millrace: copies a topic into a table, exactly once
 *   stand-in   plays an outside party where there is none (local and ephemeral environments)
 *   outside    a party that is not ours: it calls an app that serves it
 *   folder     files that one app owns, and finds again after a restart
 *   dead letter  where records of a topic go that could not be used: bytes unchanged, reason and origin in headers. An app declares its own; each topic
 *                that a flink job or a routing reads has one
 */

/** A length of time with its unit: `"7 days"`, `"250 ms"`. */
export type Duration = `${number} ${"ms" | `${"second" | "minute" | "hour" | "day"}${"" | "s"}`}`;
/** What a new version of a schema may change, as Confluent's registry defines the levels. */
export type Compatibility = "NONE" | `${"BACKWARD" | "FORWARD" | "FULL"}${"" | "_TRANSITIVE"}`;

export interface Schema {
  readonly format: "avro" | "json";
  /** Below `schemas/`, without ending. */
  readonly file: string;
  readonly compatibility: Compatibility;
}
/** An Avro schema, `schemas/<file>.avsc`. */
export const avro = (file: string, compatibility: Compatibility): Schema => ({ format: "avro", file, compatibility });
/** A JSON Schema, `schemas/<file>.schema.json`: each record's value is one JSON object, without an id in front of it. */
export const jsonSchema = (file: string, compatibility: Compatibility): Schema => ({
  format: "json",
  file,
  compatibility,
});

export interface TopicArgs {
  readonly schema: Schema;
  /** Path of the value's field that is the record's key: what must stay in order together. */
  readonly key: string;
  /** Default 3. Can grow in place, never shrink. */
  readonly partitions?: number;
  /** Default "7 days". */
  readonly retention?: Duration | "forever";
}
export interface Topic {
  readonly kind: "topic";
  readonly name: string;
  readonly args: TopicArgs;
}
export const topic = (name: string, args: TopicArgs): Topic => ({ kind: "topic", name, args });

export interface DeadLetter {
  readonly kind: "dead letter";
  /** `<topic>.dlq` */
  readonly name: string;
  readonly of: Topic;
}
export const deadLetterOf = (topic: string) => `${topic}.dlq`;
/** Kept 30 days, one partition. */
export const deadLetter = (of: Topic): DeadLetter => ({ kind: "dead letter", name: deadLetterOf(of.name), of });

export interface Table {
  readonly kind: "table";
  readonly name: string;
  readonly database: Database;
}
export interface Database {
  readonly kind: "database";
  /** Also the folder of its migrations: `migrations/<name>/`. */
  readonly name: string;
  readonly upstream: boolean;
  table(name: string): Table;
}
export function database(name: string, args: { upstream?: boolean } = {}): Database {
  const self: Database = {
    kind: "database",
    name,
    upstream: args.upstream ?? false,
    table: (table) => ({ kind: "table", name: table, database: self }),
  };
  return self;
}

export interface CaptureArgs {
  readonly tables: readonly string[];
  /** Declared level of the subjects that Debezium writes. */
  readonly compatibility: Compatibility;
  /** Default 1: changes of one table stay in commit order. */
  readonly partitions?: number;
  /** Default "7 days". */
  readonly retention?: Duration;
  /** Options of Debezium's connector beyond what Millrace sets; checked against the connector's own definition. */
  readonly options?: Readonly<Record<string, string | number | boolean>>;
}
/** The stream of one captured table: topic `<capture>.public.<table>`, Debezium's envelope in Avro. */
export interface ChangeStream {
  readonly kind: "change stream";
  readonly name: string;
  readonly table: Table;
  readonly capture: Capture;
}
export interface Capture {
  readonly kind: "capture";
  /** Debezium's `topic.prefix`. */
  readonly name: string;
  readonly database: Database;
  readonly args: CaptureArgs;
  readonly streams: readonly ChangeStream[];
}
export function capture(database: Database, name: string, args: CaptureArgs): Capture {
  const streams: ChangeStream[] = [];
  const self: Capture = { kind: "capture", name, database, args, streams };
  for (const table of args.tables) {
    const stream = `${name}.public.${table}`;
    streams.push({ kind: "change stream", name: stream, table: database.table(table), capture: self });
  }
  return self;
}

export interface LakeArgs {
  /** Columns of its files, in Avro: money is bytes with `decimal`, a time is a long with `timestamp-micros`, in UTC. */
  readonly schema: Schema;
  /** The column that tells rows apart: of several rows with the same key, and in the same folder, the first one stays. */
  readonly key: string;
  /** Name of one more column, text, by whose values rows lie in folders: `<lake>/<partitionBy>=<value>/*.parquet`. Jobs write it last. */
  readonly partitionBy: string;
  /** Default "forever". Otherwise `partitionBy` holds dates, `YYYY-MM-DD`, and folders go whole, so long after the end of their day, UTC. */
  readonly retention?: Duration | "forever";
  /** Small files are put together into files of about so many rows. Default 200 000. */
  readonly rowsPerFile?: number;
}
export interface Lake {
  readonly kind: "lake";
  readonly name: string;
  readonly args: LakeArgs;
}
export const lake = (name: string, args: LakeArgs): Lake => ({ kind: "lake", name, args });

export type Readable = Topic | ChangeStream | Table;
export type Writable = Topic | Table | Lake;
export interface Flow {
  readonly reads?: readonly Readable[];
  readonly writes?: readonly Writable[];
}

export interface FlinkJobArgs extends Flow {
  /**
   * The dead letter of a topic that the job reads, when the job itself says what is wrong with a record: its file inserts into it. It then gets also those
   * records that lack a field or break a rule of the topic's schema, and columns with the record as it came: `record_value`, `record_key`, `record_headers`
   * (the origin added), `record_partition`, `record_offset`, `record_timestamp`.
   */
  readonly rejects?: DeadLetter;
  /** Default 1. */
  readonly parallelism?: number;
}
export interface FlinkJob {
  readonly kind: "flink job";
  /** `flink-jobs/<pipeline>/<name>.sql` */
  readonly name: string;
  readonly args: FlinkJobArgs;
}
export const flinkJob = (name: string, args: FlinkJobArgs): FlinkJob => ({ kind: "flink job", name, args });

export interface RoutingArgs {
  readonly reads: Topic;
  /** Below `flink-jobs/`. */
  readonly filters: string;
  /** The topics that filters may name as `outputTopic`. */
  readonly writes: readonly Topic[];
  /** Default 1. */
  readonly parallelism?: number;
}
export interface Routing {
  readonly kind: "routing";
  readonly name: string;
  readonly args: RoutingArgs;
}
export const routing = (name: string, args: RoutingArgs): Routing => ({ kind: "routing", name, args });

export interface Outside {
  readonly kind: "outside";
  /** For a person: `companies that upload files`. */
  readonly name: string;
}
export const outside = (name: string): Outside => ({ kind: "outside", name });

export interface Folder {
  readonly kind: "folder";
  readonly name: string;
}
export const folder = (name: string): Folder => ({ kind: "folder", name });

export interface AppArgs extends Flow {
  readonly rejects?: DeadLetter;
  /** An HTTP API for a party that is not ours: the paths that it may reach, each with what is below it. Others stay inside. */
  readonly serves?: { readonly to: Outside; readonly paths: readonly `/${string}`[] };
  /** Folders by the setting that names each to the app: `{ dataDir: files }` becomes `DATA_DIR`. */
  readonly folders?: Readonly<Record<string, Folder>>;
  /** Whether it writes its topics in Kafka transactions. It may then also read them, to find out after a crash whether one was committed. Default false. */
  readonly transactional?: boolean;
  /** Folder below `apps/`. Default `<pipeline>/<name>`. */
  readonly runs?: string;
  /** A table where it keeps the offsets that it has read to, in one transaction with what it writes. */
  readonly offsets?: Table;
  /** Set by `schedule`. */
  readonly schedule?: Timetable;
  /** Become environment variables in upper snake case. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** A file of settings in the app's folder. The app gets its text as `SETTINGS_YAML`. */
  readonly settingsFile?: string;
}
export interface App {
  readonly kind: "app";
  readonly name: string;
  readonly args: AppArgs;
}
export const app = (name: string, args: AppArgs): App => ({ kind: "app", name, args });

/**
 * Puts what jobs bring for these lakes into files that readers see, small ones together, one row for each key. Each lake that a job writes has one keeper.
 */
export const lakeKeeper = (name: string, keeps: readonly Lake[]): App =>
  app(name, { runs: "lake/keeper", writes: keeps });

export interface LoaderArgs {
  readonly reads: Topic;
  /** With a primary key, the newest record of a key is its row; without one, each record is a row. */
  readonly writes: Table;
  readonly settings?: AppArgs["settings"];
}
/**
 * Copies a topic into a table, each record exactly once. A column gets the field of its name; `record_value`, `record_key`, `record_partition`,
 * `record_offset` and `record_timestamp` get the record's. Its database has the table `loader_offsets`.
 */
export const loader = (name: string, { reads, writes, settings }: LoaderArgs): App =>
  app(name, {
    runs: "loader",
    reads: [reads],
    writes: [writes],
    rejects: deadLetter(reads),
    offsets: writes.database.table("loader_offsets"),
    ...(settings && { settings }),
  });

/** One thing that a schedule does. */
export type Step =
  | { readonly kind: "sql"; readonly file: string }
  | {
      readonly kind: "partitions";
      readonly tables: readonly Table[];
      readonly ahead: Duration;
      readonly retention: Duration;
    }
  | { readonly kind: "dbt"; readonly project: string };

/** `batch-jobs/<pipeline>/<file>.sql`, in one transaction. `current_setting('millrace.day')` is the day that a run is for, `millrace.since` when the last one began. */
export const sql = (file: string): Step => ({ kind: "sql", file });
/** Partitions by day of these tables: made so many days ahead, and dropped with their rows after the retention. By the function `keep_partitions`, of a migration. */
export const keepPartitions = (
  tables: readonly Table[],
  args: { readonly ahead: Duration; readonly retention: Duration },
): Step => ({ kind: "partitions", tables, ...args });
/** `dbt build` of `dbt/<project>/`: models and their tests, into the schema `dbt_<project>` of the schedule's database. */
export const dbt = (project: string): Step => ({ kind: "dbt", project });

export interface Timetable {
  /** Minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** Of the IANA database: `Asia/Kolkata`. */
  readonly timeZone: string;
  /** One after the other; all of them again when one fails. */
  readonly run: readonly Step[];
  /** Of a run that fails. The pause doubles each time. Default 5 attempts, "1 minute". */
  readonly retries?: { readonly attempts: number; readonly backoff: Duration };
  /** A run that takes longer has failed. Default "1 hour". */
  readonly deadline?: Duration;
}
export interface ScheduleArgs extends Timetable {
  readonly reads?: readonly Table[];
  readonly writes: readonly Table[];
}
/**
 * Runs by the clock, one at a time. What was missed while it was away is made up for by one run. Each attempt is recorded in the table `schedule_runs` of its
 * database; `npm run schedule` shows them, and runs one for days gone by.
 */
export const schedule = (name: string, { reads, writes, ...timetable }: ScheduleArgs): App =>
  app(name, { runs: "schedule", writes, schedule: timetable, ...(reads && { reads }) });

export interface StandIn {
  readonly kind: "stand-in";
  readonly name: string;
  /** The owner of a database; or an outside party: then `CALLS_URL` tells it the base URL of the app that serves that one. */
  readonly plays: Database | Outside;
  readonly args: AppArgs;
}
export const standIn = (name: string, args: AppArgs & { plays: Database | Outside }): StandIn => {
  const { plays, ...rest } = args;
  return { kind: "stand-in", name, plays, args: rest };
};

export type Part = Capture | FlinkJob | Routing | App | StandIn;
export interface Pipeline {
  readonly name: string;
  readonly parts: readonly Part[];
}
export const pipeline = (name: string, parts: readonly Part[]): Pipeline => ({ name, parts });
