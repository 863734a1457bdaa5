import { isIP } from "node:net";
import { type EnvironmentName, environments } from "./environments";
import type { Duration } from "./model";
import { durationWords, milliseconds } from "./plan/duration";

/** `local`: processes of this machine. `kubernetes`: a cluster that is there. `aws`: a cluster of its own on AWS, and all that belongs to it. */
export const targets = ["local", "kubernetes", "aws"] as const;
export type Target = (typeof targets)[number];

/** One environment's settings: `Pulumi.<stack>.yaml`, read by `infra/config.ts` and nowhere else. */
export interface StackConfig {
  readonly target: Target;
  /** Names of the pipelines to deploy; empty means all. */
  readonly pipelines: readonly string[];
  /** Settings of apps that differ in this environment: app → setting → value. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  /** First of the 1000 ports that belong to the stack. */
  readonly portBase: number;
  /** Folder that Postgres' log is archived to, and base backups go to; empty: none. */
  readonly backup: string;
  /** Row of the table of sizes, `infra/environments.ts`. */
  readonly environment: EnvironmentName;
  readonly namespace: string;
  /** Whether operators are installed with the platform, or watch the namespace already. */
  readonly operators: "install" | "existing";
  /** Context of the kubeconfig; empty: its current one. */
  readonly kubeContext: string;
  /** Prefix of the names of our images, without a slash at its end; empty: the images are loaded into the cluster by hand. */
  readonly imageRegistry: string;
  /** DNS name below which public things answer; empty: nothing is public. */
  readonly domain: string;
  /** Databases that somebody else runs, by their names in the pipelines. */
  readonly upstreams: Readonly<Record<string, Upstream>>;
  readonly region: string;
  /** Address blocks that reach the cluster's API from outside of its network. */
  readonly clusterAccess: readonly string[];
  /** How long after its last activity the environment is swept; empty: never. */
  readonly timeToLive: Duration | "";
}

/** Where a database of somebody else is, and as whom it is read. Its owner makes role and publication: docs/environments.md */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Secret of the namespace with key `password`. */
  readonly secret: string;
}

export interface Key<T> {
  readonly default: T;
  readonly doc: string;
  readonly allowed: string;
  /** Targets that look at it. */
  readonly targets: readonly Target[];
  /** As Pulumi's own schema of a project has it. */
  readonly type: "string" | "integer" | "array" | "object";
  /** Undefined when the value is not allowed. */
  readonly parse: (value: unknown) => T | undefined;
}

const clusters = ["kubernetes", "aws"] as const;

/** Every key there is; `docs/configuration.md` and the schema in `Pulumi.yaml` are compared with it by a test. */
export const keys: { readonly [K in keyof StackConfig]: Key<StackConfig[K]> } = {
  target: {
    default: "local",
    doc: "Where the platform runs: as processes here, on a cluster that is there, or on a cluster of its own on AWS.",
    allowed: "local, kubernetes, aws",
    targets,
    type: "string",
    parse: oneOf(targets),
  },
  pipelines: {
    default: [],
    doc: "The pipelines to deploy, and with them what they need. Empty: all.",
    allowed: "a list of pipeline names",
    targets,
    type: "array",
    parse: (value) => (isTexts(value) ? value : undefined),
  },
  settings: {
    default: {},
    doc: "Settings of apps that differ in this environment, by app and setting.",
    allowed: "a map of app to a map of setting to text, number or boolean",
    targets,
    type: "object",
    parse: (value) => (isSettings(value) ? value : undefined),
  },
  portBase: {
    default: 17000,
    doc: "First of the 1000 ports that the stack may use, on loopback. Give each stack its own thousand.",
    allowed: "a whole number from 1024 to 64000",
    targets: ["local"],
    type: "integer",
    parse: (value) => {
      const port = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      return typeof port === "number" && Number.isInteger(port) && port >= 1024 && port <= 64000 ? port : undefined;
    },
  },
  backup: {
    default: "",
    doc: "Where Postgres' log is archived all the time, and `npm run backup` puts base backups. Better on another disk. Empty: nowhere.",
    allowed: "a folder, absolute or from the project's",
    targets: ["local"],
    type: "string",
    parse: (value) => (typeof value === "string" && !value.includes("\0") ? value : undefined),
  },
  environment: {
    default: "kind",
    doc: "How large everything is, what is kept and what is protected: a row of the table in `infra/environments.ts`.",
    allowed: Object.keys(environments).join(", "),
    targets: clusters,
    type: "string",
    parse: oneOf(Object.keys(environments) as EnvironmentName[]),
  },
  namespace: {
    default: "millrace",
    doc: "Namespace of the platform and the pipelines. Each stack of a cluster has its own.",
    allowed: "1 to 40 of a–z, 0–9 and '-', a letter first, no '-' last",
    targets: clusters,
    type: "string",
    parse: matching(/^(?=.{1,40}$)[a-z]([a-z0-9-]*[a-z0-9])?$/),
  },
  operators: {
    default: "install",
    doc: "Whether the operators (Strimzi, Flink, CloudNativePG …) are installed with the platform, or are the cluster's already.",
    allowed: "install, existing",
    targets: clusters,
    type: "string",
    parse: oneOf(["install", "existing"]),
  },
  kubeContext: {
    default: "",
    doc: "Context of the kubeconfig. Empty: its current one.",
    allowed: "the name of a context",
    targets: ["kubernetes"],
    type: "string",
    parse: matching(/^[\w.:/@-]*$/),
  },
  imageRegistry: {
    default: "",
    doc: "Where our images are pushed to and pulled from: the beginning of their names. Empty: they are built here, and loaded into the cluster by you.",
    allowed: 'a registry and a path without a slash at its end, for example "ghcr.io/acme/millrace"',
    targets: ["kubernetes"],
    type: "string",
    parse: matching(/^([a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9][a-z0-9._-]*)*)?$/),
  },
  domain: {
    default: "",
    doc: "DNS name below which what is declared public answers, with TLS. On AWS its zone is made by the stack. Empty: nothing is public.",
    allowed: 'a DNS name, for example "data.acme.example"',
    targets: clusters,
    type: "string",
    parse: matching(/^((?=.{1,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})?$/),
  },
  upstreams: {
    default: {},
    doc: "Databases that somebody else runs, by their names in the pipelines. One that is not named here is made, and a stand-in plays its owner.",
    allowed:
      "a map of database to host, user, secret (of the namespace, with key `password`) and port, by default 5432",
    targets: clusters,
    type: "object",
    parse: parseUpstreams,
  },
  region: {
    default: "eu-central-1",
    doc: "The region on AWS. It needs three availability zones.",
    allowed: "the name of a region",
    targets: ["aws"],
    type: "string",
    parse: matching(/^[a-z]{2}(-[a-z]+)+-\d$/),
  },
  clusterAccess: {
    default: [],
    doc: "Address blocks that reach the cluster's API from outside of its network: an office, a runner. Empty: none does.",
    allowed: 'a list of IPv4 blocks, for example ["203.0.113.0/24"], and not the whole Internet',
    targets: ["aws"],
    type: "array",
    parse: (value) => (isTexts(value) && value.every(isBlock) ? value : undefined),
  },
  timeToLive: {
    default: "",
    doc: "How long the environment stays after its last activity. Empty: for good.",
    allowed: durationWords,
    targets: ["kubernetes"],
    type: "string",
    parse: (value) => (value === "" || isDuration(value) ? value : undefined),
  },
};

function oneOf<T extends string>(values: readonly T[]) {
  return (value: unknown) => values.find((known) => known === value);
}

function matching(pattern: RegExp) {
  return (value: unknown) => (typeof value === "string" && pattern.test(value) ? value : undefined);
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

const isDuration = (value: unknown): value is Duration =>
  typeof value === "string" && milliseconds(value as Duration) > 0;

function isBlock(value: string): boolean {
  const [, address = "", bits] = /^([\d.]+)\/(\d{1,2})$/.exec(value) ?? [];
  return isIP(address) === 4 && Number(bits) >= 8 && Number(bits) <= 32;
}

function isSettings(value: unknown): value is StackConfig["settings"] {
  const isObject = (v: unknown): v is object => typeof v === "object" && v !== null && !Array.isArray(v);
  const isPlain = (v: unknown) => ["string", "number", "boolean"].includes(typeof v);
  return isObject(value) && Object.values(value).every((app) => isObject(app) && Object.values(app).every(isPlain));
}

function parseUpstreams(value: unknown): StackConfig["upstreams"] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const upstreams: Record<string, Upstream> = {};
  for (const [name, given] of Object.entries(value as Record<string, Partial<Upstream> | null>)) {
    const { host, port = 5432, user, secret, ...rest } = given ?? {};
    const texts = [host, user, secret].every((text) => typeof text === "string" && /^[\w.-]{1,253}$/.test(text));
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65535;
    if (!texts || !isPort || Object.keys(rest).length > 0) return undefined;
    upstreams[name] = { host, port, user, secret } as Upstream;
  }
  return upstreams;
}
