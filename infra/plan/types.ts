import type { Compatibility } from "../model";

/**
 * The plan: everything that will exist, with every name resolved and every right derived, as plain data.
 * `infra/plan/` makes it from the pipelines; `infra/local/` and `infra/kubernetes/` turn it into resources and decide nothing.
 */
export interface Plan {
  readonly pipelines: readonly PipelinePlan[];
  readonly topics: readonly TopicPlan[];
  readonly subjects: readonly SubjectPlan[];
  readonly databases: readonly DatabasePlan[];
  readonly lakes: readonly LakePlan[];
  readonly captures: readonly CapturePlan[];
  readonly jobs: readonly JobPlan[];
  readonly apps: readonly AppPlan[];
  /** Who may do what: one entry for each app, stand-in, capture, and for Flink, which runs all jobs. */
  readonly principals: readonly PrincipalPlan[];
}

/** Where the platform's services answer. Addresses only: a password is never part of a plan. */
export interface Endpoints {
  /** `host:port`. */
  readonly kafka: string;
  /** Base URL of the registry; its Confluent-compatible API is below `/apis/ccompat/v7`. */
  readonly registry: string;
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    /** As its clients find it; without, they talk in clear. */
    readonly ca?: string;
  };
  /** Databases that somebody else runs, by name: where they are, and as whom they are read. */
  readonly external?: Readonly<Record<string, { readonly host: string; readonly port: number; readonly user: string }>>;
  /** URL of the folder that holds all lakes: `file:///…` or `s3://<bucket>/…`, without a slash at the end. */
  readonly lake: string;
  /** How clients of Kafka log in, where it is not in clear with a password. */
  readonly kafkaLogin?: KafkaLogin;
  /** Whether all jobs run in one Flink, and are one user, or each in its own. Default "together". */
  readonly jobs?: "together" | "apart";
  /** Port for the HTTP server (health, metrics) of an app, by the app's name. */
  readonly app: (name: string) => number;
  /** Base URL of that server, for other apps. */
  readonly appUrl: (name: string) => string;
}

/** TLS, and a password that never crosses the wire. */
export interface KafkaLogin {
  readonly mechanism: "SCRAM-SHA-512";
  /** File with the certificates of the authority that signed the brokers', PEM, as clients find it. */
  readonly ca: string;
}

export interface PipelinePlan {
  readonly name: string;
  /** What a person looks at to see that data flows, in flow order. */
  readonly sources: readonly TableRef[];
  readonly topics: readonly string[];
  readonly sinks: readonly TableRef[];
  /** Names of lakes. */
  readonly lakes: readonly string[];
  readonly jobs: readonly string[];
  readonly apps: readonly string[];
  readonly captures: readonly string[];
}

export interface TableRef {
  readonly database: string;
  readonly table: string;
}

export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  /** Kafka topic configuration, as Kafka spells it. */
  readonly config: Readonly<Record<string, string>>;
}

export interface SubjectPlan {
  /** `<topic>-key` or `<topic>-value`. */
  readonly name: string;
  readonly schemaType: "AVRO" | "JSON";
  /** The schema's text, canonical JSON. */
  readonly schema: string;
  readonly compatibility: Compatibility;
  /** Where a person changes it: a schema file, or the migration folder it was derived from. */
  readonly file: string;
}

/** A column as Postgres knows it after all migrations. */
export interface Column {
  readonly name: string;
  /** As `format_type()` prints it: `bigint`, `numeric(14,2)`, `timestamp with time zone`, `text`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}

export interface TableShape {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Column names, in key order; empty when there is no primary key. */
  readonly primaryKey: readonly string[];
  readonly replicaIdentityFull: boolean;
}

export interface MigrationFile {
  readonly number: number;
  /** From the project's root. */
  readonly file: string;
  readonly sql: string;
  /** Hex, of the bytes of the file. */
  readonly sha256: string;
}

export interface DatabasePlan {
  readonly name: string;
  /** Someone else's in production: captured and read, its shape mirrored by the migrations. */
  readonly upstream: boolean;
  /** Somebody else runs it in this environment: nothing of it is made, no stand-in plays its owner. */
  readonly external?: boolean;
  readonly migrations: readonly MigrationFile[];
  readonly tables: readonly TableShape[];
}

/** A lake with everything that its keeper needs. */
export interface LakePlan {
  readonly name: string;
  /** URL of the folder that readers read: `<partitionBy>=<value>/*.parquet` is below it. */
  readonly url: string;
  /** URL of the folder where jobs put their files, to be taken from there: `<partitionBy>=<value>/…`. */
  readonly incoming: string;
  /** In the files' order. */
  readonly columns: readonly LakeColumn[];
  readonly key: string;
  readonly partitionBy: string;
  /** Undefined: for ever. */
  readonly retentionMs?: number;
  readonly rowsPerFile: number;
}

export interface LakeColumn {
  readonly name: string;
  /** As Flink and DuckDB spell it, each: `TIMESTAMP_LTZ(6)`, `TIMESTAMP WITH TIME ZONE`. All may be null. */
  readonly flink: string;
  readonly duckdb: string;
}

export interface CapturePlan {
  /** The connector's name, and the prefix of its topics. */
  readonly name: string;
  readonly database: string;
  readonly tables: readonly string[];
  readonly publication: string;
  readonly slot: string;
  readonly connectorClass: string;
  /** Connector configuration without addresses and credentials of the target. */
  readonly config: Readonly<Record<string, string>>;
  /** Topics that it writes. */
  readonly topics: readonly string[];
}

export interface JobPlan {
  readonly name: string;
  readonly pipeline: string;
  /** The whole script, in order: SET, CREATE TABLE, CREATE VIEW, then one EXECUTE STATEMENT SET. */
  readonly statements: readonly string[];
  readonly parallelism: number;
  readonly principal: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Where its business logic is written. */
  readonly file: string;
}

export interface AppPlan {
  readonly name: string;
  readonly pipeline: string;
  /** Folder below `apps/`, with a `server.ts`. */
  readonly folder: string;
  /** The one that it uses. */
  readonly database?: string;
  readonly standIn: boolean;
  readonly port: number;
  /** Environment without secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Folders that it owns; the target says where each is, in the variable. */
  readonly folders: readonly { readonly variable: string; readonly name: string }[];
  /** Apps whose HTTP server it calls. */
  readonly calls: readonly string[];
  /** Paths that outside parties may reach. */
  readonly publicPaths: readonly string[];
  /** Absent for an app that runs all the time. Also in its environment, as SCHEDULE. */
  readonly schedule?: SchedulePlan;
  readonly principal: string;
}

/** What runs by the clock. A target may run the app all the time, which keeps the clock itself, or start it when it is due, with RUN=once. */
export interface SchedulePlan {
  /** Five fields. */
  readonly cron: string;
  /** IANA. */
  readonly timeZone: string;
  readonly attempts: number;
  /** Before the second attempt; doubled before each one after it. */
  readonly backoffMs: number;
  /** Of one attempt. */
  readonly deadlineMs: number;
  readonly steps: readonly StepPlan[];
}
export type StepPlan =
  | { readonly kind: "sql"; readonly name: string; readonly statements: readonly string[] }
  | {
      readonly kind: "partitions";
      readonly tables: readonly string[];
      readonly aheadDays: number;
      readonly keepDays: number;
    }
  | { readonly kind: "dbt"; readonly project: string };

export interface PrincipalPlan {
  /** Kafka user and Postgres role, the same name for both. */
  readonly name: string;
  readonly kafka: readonly KafkaGrant[];
  readonly postgres: readonly TableGrant[];
  /** Whether it may open a replication connection (captures only). */
  readonly replication: boolean;
  /** Databases in which it may make temporary tables. */
  readonly temporaryIn?: readonly string[];
  /** Functions that it may call, as `name(types)`, beside those that everyone may. */
  readonly functions?: readonly { readonly database: string; readonly signature: string }[];
  /** Schemas that are made for it, and that it owns. */
  readonly schemas?: readonly { readonly database: string; readonly schema: string }[];
}

export interface KafkaGrant {
  readonly resource: "topic" | "group" | "transactional-id" | "cluster";
  readonly name: string;
  /** The name is the beginning of the names that are meant. */
  readonly prefix?: boolean;
  readonly operations: readonly ("Read" | "Write" | "Describe" | "Create" | "IdempotentWrite" | "DescribeConfigs")[];
}

export interface TableGrant extends TableRef {
  readonly privileges: readonly ("SELECT" | "INSERT" | "UPDATE" | "DELETE")[];
}
