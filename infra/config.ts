import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { nearest, type Problem, refuse } from "./plan/problems";

/** One environment's settings: `Pulumi.<stack>.yaml`, read here and nowhere else. */
export interface StackConfig {
  readonly target: "local";
  /** First of the 1000 ports that belong to the stack. */
  readonly portBase: number;
  /** Names of the pipelines to deploy; empty means all. */
  readonly pipelines: readonly string[];
  /** Settings of apps that differ in this environment: app → setting → value. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  /** Folder that Postgres' log is archived to, and base backups go to; empty: none. */
  readonly backup: string;
}

interface Key<T> {
  readonly default: T;
  readonly doc: string;
  readonly allowed: string;
  /** Undefined when the value is not allowed. */
  readonly parse: (value: unknown) => T | undefined;
}

/** Every key there is; `docs/configuration.md` is compared with it by a test. */
export const keys: { readonly [K in keyof StackConfig]: Key<StackConfig[K]> } = {
  target: {
    default: "local",
    doc: "Where the platform runs.",
    allowed: "local",
    parse: (value) => (value === "local" ? value : undefined),
  },
  portBase: {
    default: 17000,
    doc: "First of the 1000 ports that the stack may use, on loopback. Give each stack its own thousand.",
    allowed: "a whole number from 1024 to 64000",
    parse: (value) => {
      const port = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      return typeof port === "number" && Number.isInteger(port) && port >= 1024 && port <= 64000 ? port : undefined;
    },
  },
  pipelines: {
    default: [],
    doc: "The pipelines to deploy, and with them what they need. Empty: all.",
    allowed: "a list of pipeline names",
    parse: (value) => (Array.isArray(value) && value.every((name) => typeof name === "string") ? value : undefined),
  },
  settings: {
    default: {},
    doc: "Settings of apps that differ in this environment, by app and setting.",
    allowed: "a map of app to a map of setting to text, number or boolean",
    parse: (value) => (isSettings(value) ? value : undefined),
  },
  backup: {
    default: "",
    doc: "Where Postgres' log is archived all the time, and `npm run backup` puts base backups. Better on another disk. Empty: nowhere.",
    allowed: "a folder, absolute or from the project's",
    parse: (value) => (typeof value === "string" && !value.includes("\0") ? value : undefined),
  },
};

function isSettings(value: unknown): value is StackConfig["settings"] {
  const isObject = (v: unknown): v is object => typeof v === "object" && v !== null && !Array.isArray(v);
  const isPlain = (v: unknown) => ["string", "number", "boolean"].includes(typeof v);
  return isObject(value) && Object.values(value).every((app) => isObject(app) && Object.values(app).every(isPlain));
}

/**
 * Reads what Pulumi knows of the stack's configuration: `millrace:<key>` to text, structured values as JSON.
 * `file` and `text` are those of `Pulumi.<stack>.yaml`, for the line numbers of problems.
 *
 * @throws UserError with every unknown key and every wrong value.
 */
export function readConfig(values: Readonly<Record<string, string>>, file: string, text = ""): StackConfig {
  const { lines, problems } = readFile(file, text);
  const config: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(keys)) config[name] = key.default;
  for (const [full, given] of Object.entries(values)) {
    const [namespace = "", name = ""] = full.split(/:(.*)/s);
    // Other namespaces belong to other providers, unless they were meant to be ours.
    if (namespace !== "millrace" && nearest(namespace, ["millrace"]) === undefined) continue;
    const line = lines.get(full);
    const place = { file, ...(line !== undefined && { line }), path: full };
    const key = Object.hasOwn(keys, name) ? (keys as Record<string, Key<unknown>>)[name] : undefined;
    if (!key || namespace !== "millrace") {
      const meant = nearest(name, Object.keys(keys));
      problems.push({
        ...place,
        message: "There is no such configuration key.",
        given: full,
        allowed: Object.keys(keys).map((known) => `millrace:${known}`),
        fix: meant ? `Did you mean millrace:${meant}?` : "Remove it.",
      });
      continue;
    }
    const parsed = key.parse(parseValue(given));
    if (parsed === undefined) {
      problems.push({
        ...place,
        message: "This value cannot be used.",
        given: parseValue(given),
        allowed: key.allowed,
      });
    } else config[name] = parsed;
  }
  refuse(problems, "The stack's configuration cannot be used");
  return config as unknown as StackConfig;
}

function parseValue(given: string): unknown {
  if (!/^[[{]/.test(given.trim())) return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/**
 * Configuration values of a stack's file, as Pulumi hands them to a program, for use where no engine runs. A key without a namespace is the project's own.
 * Empty when the file is no YAML: `readConfig` says so.
 */
export function valuesOf(text: string): Record<string, string> {
  const document = parseDocument(text);
  const config = document.errors.length > 0 ? undefined : document.get("config", true);
  if (!isMap(config)) return {};
  const asText = (value: unknown) => (typeof value === "object" ? JSON.stringify(value ?? "") : String(value));
  return Object.fromEntries(
    Object.entries(config.toJS(document) as object).map(([key, value]) => [qualified(key), asText(value)]),
  );
}

const qualified = (key: string) => (key.includes(":") ? key : `millrace:${key}`);

/** What Pulumi itself keeps at the top of a stack's file. */
const topKeys = ["config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"];

/** What is wrong with the file itself, and the line of each key below `config`. */
function readFile(file: string, text: string): { lines: Map<string, number>; problems: Problem[] } {
  const counter = new LineCounter();
  const document: Document.Parsed = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const problems: Problem[] = document.errors.map(({ message, pos }) => {
    return { file, line: lineAt(pos[0]), message: `This is not right YAML: ${message}.`.replace("..", ".") };
  });
  const lines = new Map<string, number>();
  if (document.errors.length > 0 || document.contents === null) return { lines, problems };
  const top = isMap(document.contents) ? document.contents.items : [];
  for (const { key } of top) {
    const name = isScalar(key) ? String(key.value) : "";
    if (topKeys.includes(name)) continue;
    const line = isScalar(key) && key.range ? { line: lineAt(key.range[0]) } : {};
    const meant = nearest(name, topKeys);
    const fix = meant ? `Did you mean ${meant}?` : "Put configuration below config:.";
    problems.push({
      file,
      ...line,
      message: "There is no such key of a stack's file.",
      given: name,
      allowed: topKeys,
      fix,
    });
  }
  const config = document.get("config", true);
  if (!isMap(config)) {
    const empty = config === undefined || (isScalar(config) && config.value === null);
    const allowed = "config: with keys like millrace:portBase below it";
    if (!isMap(document.contents) || !empty) problems.push({ file, message: "This holds no configuration.", allowed });
    return { lines, problems };
  }
  for (const { key } of config.items) {
    if (isScalar(key) && key.range) lines.set(qualified(String(key.value)), lineAt(key.range[0]));
  }
  return { lines, problems };
}
