import { Client } from "pg";
import type { StepPlan } from "../../infra/plan/types";
import type { Due } from "./clock";
import { build } from "./dbt";
import type { RunArgs } from "./runs";

/** All steps of a run, one after the other. @returns rows written. @throws what the first that fails throws, also when they take too long */
export async function perform(args: RunArgs, due: Due, since: string): Promise<number> {
  const until = Date.now() + args.schedule.deadlineMs;
  let rows = 0;
  for (const step of args.schedule.steps) {
    const leftMs = until - Date.now();
    if (leftMs <= 0) throw new Error(`not done within ${args.schedule.deadlineMs / 1000} s`);
    rows += await (step.kind === "dbt"
      ? build(args, step.project, due, leftMs)
      : inDatabase(args, step, due, since, leftMs));
  }
  return rows;
}

async function inDatabase(
  args: RunArgs,
  step: Exclude<StepPlan, { kind: "dbt" }>,
  due: Due,
  since: string,
  leftMs: number,
): Promise<number> {
  const client = new Client({ ...args.postgres, application_name: args.name, statement_timeout: leftMs });
  client.on("error", () => undefined);
  await client.connect();
  const stop = () => void client.end();
  args.signal.addEventListener("abort", stop, { once: true });
  try {
    await client.query("BEGIN");
    await client.query("SELECT set_config('millrace.day', $1, true), set_config('millrace.since', $2, true)", [
      due.day,
      since,
    ]);
    let rows = 0;
    if (step.kind === "partitions") {
      for (const table of step.tables) {
        const { rows: found } = await client.query("SELECT keep_partitions($1::regclass, $2, $3) AS changed", [
          `public."${table}"`,
          step.aheadDays,
          step.keepDays,
        ]);
        rows += found[0].changed;
      }
    } else for (const statement of step.statements) rows += (await client.query(statement)).rowCount ?? 0;
    await client.query("COMMIT");
    return rows;
  } finally {
    args.signal.removeEventListener("abort", stop);
    await client.end().catch(() => undefined);
  }
}
