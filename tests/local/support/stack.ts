import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { withPostgres } from "../../../infra/local/provider/postgres";
import { supervisorOf } from "../../../infra/local/supervisor/client";
import type { ProcessStatus } from "../../../infra/local/supervisor/protocol";
import { projectRoot, stackRoot } from "../../../infra/paths";

export const stackName = "test";
export const root = stackRoot(stackName);
export const configFile = join(projectRoot, "tests", "local", "Pulumi.test.yaml");

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as a user does: `npm run <command> -- --stack test …`. */
export function millrace(
  command: string,
  args: readonly string[] = [],
  config = configFile,
  stack = stackName,
): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    ["tools/bootstrap.mjs", "infra/deploy.ts", command, "--stack", stack, "--config-file", config, ...args],
    { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status: status ?? 1, stdout, stderr })));
}

export interface Outputs {
  readonly kafka: string;
  readonly schemaRegistry: string;
  readonly kafkaConnect: string;
  readonly flink: string;
  readonly postgres: string;
  readonly kafkaAdminPassword: string;
  readonly postgresPassword: string;
}
export const outputs = (): Outputs => JSON.parse(process.env.MILLRACE_TEST_OUTPUTS ?? "{}");

/** One statement as superuser. */
export async function query<T = Record<string, string>>(
  database: string,
  sql: string,
  parameters: unknown[] = [],
): Promise<T[]> {
  const { hostname: host, port, username: user } = new URL(outputs().postgres);
  const server = { host, port: Number(port), user, password: outputs().postgresPassword };
  return withPostgres(server, database, async (client) => (await client.query(sql, parameters)).rows as T[]);
}

export async function processNamed(name: string): Promise<ProcessStatus> {
  const found = (await supervisorOf(root).status())?.find((one) => one.name === name);
  if (!found) throw new Error(`no process ${name}`);
  return found;
}

/** Waits for a condition; what it throws counts as "not yet". @throws Error that says what did not happen, and the last error. */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | false | undefined>,
  limitMs = 60_000,
): Promise<T> {
  const until = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until)
      throw new Error(`${what}: not within ${limitMs / 1000} s${last ? `; last: ${(last as Error).message}` : ""}`);
    await delay(100);
  }
}
