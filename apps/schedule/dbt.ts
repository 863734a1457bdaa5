import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Due } from "./clock";
import type { RunArgs } from "./runs";

/** What of dbt's `run_results.json` is needed. */
interface RunResults {
  readonly results: readonly {
    readonly unique_id: string;
    readonly status: string;
    readonly message: string | null;
    readonly adapter_response: { readonly rows_affected?: number };
  }[];
}

/**
 * `dbt build`: models, and the tests behind each.
 *
 * @returns rows that models wrote
 * @throws Error naming each model and test that failed, with what dbt says of it
 */
export async function build(args: RunArgs, project: string, due: Due, limitMs: number): Promise<number> {
  const target = mkdtempSync(join(tmpdir(), "millrace-dbt-"));
  try {
    const folder = join(args.dbt.projects, project);
    const places = ["--project-dir", folder, "--profiles-dir", folder, "--target-path", target, "--log-path", target];
    const output = await dbt(args, ["build", ...places, "--vars", JSON.stringify({ day: due.day })], limitMs);
    const { results } = readResults(join(target, "run_results.json"), output);
    const failed = results.filter(({ status }) => !["success", "pass", "warn"].includes(status));
    if (failed.length > 0) {
      const said = failed.map(
        ({ unique_id, status, message }) => `${unique_id}: ${status}${message ? `, ${message}` : ""}`,
      );
      throw new Error(`dbt build of ${project}: ${said.join("; ")}`);
    }
    return results.reduce((sum, { adapter_response }) => sum + Math.max(0, adapter_response.rows_affected ?? 0), 0);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** It wrote none when it could not even begin. */
function readResults(file: string, output: string): RunResults {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new Error(`dbt ended before it began: ${output.trim().slice(-2000)}`);
  }
}

/** @returns what it wrote, whether it succeeded or not. @throws Error when it takes too long, or cannot be started */
function dbt({ dbt: { command }, postgres, name, signal }: RunArgs, args: string[], limitMs: number): Promise<string> {
  const [program = "", ...first] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
        PGHOST: String(postgres.host),
        PGPORT: String(postgres.port),
        PGUSER: String(postgres.user),
        PGPASSWORD: String(postgres.password ?? ""),
        PGDATABASE: String(postgres.database),
        DBT_ROLE: name,
      },
    });
    let output = "";
    const take = (chunk: Buffer) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const stop = () => child.kill("SIGTERM");
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      stop();
    }, limitMs);
    signal.addEventListener("abort", stop, { once: true });
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    };
    child.on("error", (error) => {
      done();
      reject(new Error(`dbt cannot be started: ${error.message}`));
    });
    child.on("close", () => {
      done();
      if (late || signal.aborted) reject(new Error(late ? `dbt was not done within ${limitMs / 1000} s` : "stopped"));
      else resolve(output);
    });
  });
}
