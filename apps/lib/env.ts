import { z } from "zod";
import { type Problem, refuse } from "../../infra/plan/problems";

/** Their values are shown to nobody. */
const secretNames = ["KAFKA_PASSWORD", "PGPASSWORD"];
/** A user name alone is a login that fails: better said at the start than by a broker's refusal. */
const needs: Readonly<Record<string, string>> = { KAFKA_USERNAME: "KAFKA_PASSWORD" };

/**
 * Reads an app's settings from the environment, once, at the start. An empty variable counts as none.
 *
 * @param schema of one app: the message of each variable says what is allowed
 * @throws UserError with every variable that is wrong, the value given, and what is allowed
 */
export function readEnv<T extends z.ZodObject>(schema: T, env: NodeJS.ProcessEnv = process.env): z.infer<T> {
  const given = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, env[name] || undefined]));
  const result = schema.safeParse(given);
  const allowed = new Map<string, string>();
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!allowed.has(name)) allowed.set(name, issue.message);
  }
  for (const [name, other] of Object.entries(needs)) {
    if (given[name] && other in given && !given[other]) allowed.set(other, `the password of ${name}`);
  }
  refuse(
    [...allowed].map(([name, description]) => problemOf(name, given, description)),
    "Wrong settings in the environment",
  );
  return result.data as z.infer<T>;
}

function problemOf(name: string, given: Readonly<Record<string, string | undefined>>, allowed: string): Problem {
  const value = given[name];
  if (value === undefined) return { path: name, message: "It is not set.", allowed };
  return {
    path: name,
    message: "It is wrong.",
    given: secretNames.includes(name) ? "(a secret)" : shown(value, given),
    allowed,
  };
}

/** The value without any password in it: a URL may hold one by mistake. */
function shown(value: string, given: Readonly<Record<string, string | undefined>>): string {
  let text = value.replace(/:[^:/@\s]*@/g, ":***@").replace(/(password=)[^&\s]*/gi, "$1***");
  for (const name of secretNames) {
    const secret = given[name];
    if (secret) text = text.replaceAll(secret, "***");
  }
  return text;
}

/** A number of digits alone, so that neither `1e3` nor `0x10` passes for one. */
export function wholeNumber(low: number, high: number) {
  const allowed = `a whole number from ${low} to ${high}`;
  return z
    .string(allowed)
    .regex(/^-?\d{1,15}$/, allowed)
    .transform(Number)
    .refine((value) => value >= low && value <= high, allowed);
}

/** The name of one topic or table: no list, nothing to quote. */
export const oneName = (what: string) => {
  const allowed = `the name of one ${what}: letters, digits, ".", "_" and "-"`;
  return z.string(allowed).regex(/^[A-Za-z0-9._-]{1,249}$/, allowed);
};

/** What every app is given. */
export const appEnv = z.object({
  /** Also the name of its consumer group, and its label in logs and metrics. */
  APP_NAME: oneName("app"),
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber(1, 65535),
});

const address = String.raw`[^\s:,/@]+:\d{1,5}`;
const bootstrap = "host:port, or several with commas between";

/** What an app with topics is given. */
export const kafkaEnv = z.object({
  KAFKA_BOOTSTRAP: z.string(bootstrap).regex(new RegExp(`^${address}(,${address})*$`), bootstrap),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
  /** How it logs in: with the password itself when not set. */
  KAFKA_MECHANISM: z.literal("SCRAM-SHA-512", "SCRAM-SHA-512").optional(),
  /** File with the certificates of who signed the brokers', PEM. Without it nothing is encrypted. */
  KAFKA_CA: z.string().optional(),
  REGISTRY_URL: z
    .url({ protocol: /^https?$/, error: "a URL with http or https" })
    .transform((url) => url.replace(/\/+$/, "")),
});

const postgresUrl = "postgresql://<user>@<host>:<port>/<database>, without a password: that is PGPASSWORD";

/** What an app with tables is given. */
export const postgresEnv = z.object({
  POSTGRES_URL: z.string(postgresUrl).refine(isPostgresUrl, postgresUrl),
  PGPASSWORD: z.string().optional(),
});

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const complete = url.username !== "" && url.hostname !== "" && url.pathname.length > 1;
  const secretFree = url.password === "" && !url.searchParams.has("password");
  return /^postgres(ql)?:$/.test(url.protocol) && complete && secretFree;
}
