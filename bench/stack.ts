import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { withPostgres } from "../infra/local/provider/postgres";
import { projectRoot, stackRoot } from "../infra/paths";

/** A stack that is measured, on ports of its own. */
export class Bench {
  readonly root: string;
  readonly configFile: string;
  outputs: Record<string, string> = {};

  /** @param more keys of its configuration */
  constructor(
    readonly name = "bench",
    private readonly portBase = 29000,
    private readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    this.root = stackRoot(name);
    this.configFile = join(projectRoot, ".millrace", `Pulumi.${name}.yaml`);
    mkdirSync(join(projectRoot, ".millrace"), { recursive: true });
    this.configure(100);
  }

  /** For the next `up`. @param changesPerSecond at the source; the app's own default when not given */
  configure(changesPerSecond?: number): void {
    const settings = changesPerSecond ? { "entities-simulator": { changesPerSecond } } : {};
    const config = { "millrace:portBase": this.portBase, "millrace:settings": settings, ...this.more };
    writeFileSync(this.configFile, stringify({ config }));
  }

  /** A command as a user gives it. @returns its standard output */
  run(command: string, args: readonly string[] = []): Promise<string> {
    const words = [
      "tools/bootstrap.mjs",
      "infra/deploy.ts",
      command,
      "--stack",
      this.name,
      "--config-file",
      this.configFile,
      ...args,
    ];
    const child = spawn(process.execPath, words, { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on("close", (status) =>
        status === 0 ? resolve(stdout) : reject(new Error(`${command}: ${status}\n${stderr}${stdout}`)),
      );
    });
  }

  async readOutputs(): Promise<void> {
    this.outputs = JSON.parse(await this.run("outputs", ["--show-secrets"]));
  }

  async query<T = Record<string, string>>(database: string, sql: string, parameters: unknown[] = []): Promise<T[]> {
    const { hostname: host, port, username: user } = new URL(String(this.outputs.postgres));
    const server = { host, port: Number(port), user, password: this.outputs.postgresPassword ?? "" };
    return withPostgres(server, database, async (client) => (await client.query(sql, parameters)).rows as T[]);
  }

  /** @throws Error that says what did not happen. */
  async until(what: string, condition: () => Promise<boolean>, limitMs = 180_000): Promise<void> {
    const end = Date.now() + limitMs;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`);
      await delay(50);
    }
  }
}

export type Note = (what: string, figure: string, aim?: string) => void;
