import { Client, type ClientConfig } from "pg";
import { createLogger } from "../../apps/lib/log";
import { daysOf, dueFor, lastDue, nextDue } from "../../apps/schedule/clock";
import { history, type RunRecord } from "../../apps/schedule/records";
import { runOnce } from "../../apps/schedule/runs";
import { readConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import { localDbt } from "../local/dbt";
import { nearest, UserError } from "../plan/problems";
import type { AppPlan, SchedulePlan } from "../plan/types";
import { planFor } from "../program";
import { openStack } from "../workspace";

interface Scheduled extends AppPlan {
  readonly schedule: SchedulePlan;
}

/** Shows what runs by the clock, or runs one now. */
export async function schedule({ stack, configFile, configText, words, flags }: Invocation): Promise<number> {
  const config = readConfig(valuesOf(configText), configFile, configText);
  const { apps } = await planFor(stack, config);
  const scheduled = apps.filter((app): app is Scheduled => app.schedule !== undefined);
  const outputs = await (await openStack(stack, configText, async () => ({}))).outputs();
  const password = outputs.postgresPassword?.value;
  if (password === undefined) throw new UserError([{ message: `Stack ${stack} is not deployed.`, fix: "npm run up" }]);
  const connection = (app: Scheduled) => connectionAs(app, String(password));
  const [action = "list", name = ""] = words;
  if (action === "list") return list(scheduled, connection);
  if (action !== "run")
    throw new UserError([{ message: "There is no such thing to do.", given: action, allowed: ["list", "run"] }]);
  const app = scheduled.find((one) => one.name === name);
  if (!app) {
    const allowed = scheduled.map((one) => one.name);
    const meant = nearest(name, allowed);
    const fix = meant ? `npm run schedule -- run ${meant}` : "npm run schedule -- run <name>";
    throw new UserError([{ message: "There is no such schedule.", given: name, allowed, fix }]);
  }
  return run(app, connection(app), flags.for);
}

/** As the schedule's own role, so that nothing works here that fails by the clock. */
function connectionAs(app: Scheduled, password: string): ClientConfig {
  const url = new URL(app.env.POSTGRES_URL as string);
  return {
    host: url.hostname,
    port: Number(url.port),
    database: url.pathname.slice(1),
    user: "postgres",
    password,
    options: `-c role=${app.principal}`,
  };
}

async function list(apps: readonly Scheduled[], connection: (app: Scheduled) => ClientConfig): Promise<number> {
  for (const app of apps) {
    const { cron, timeZone } = app.schedule;
    const next = nextDue(app.schedule, new Date()).toISOString().slice(0, 19);
    process.stdout.write(`${app.name}   ${cron} ${timeZone}   next ${next}Z\n`);
    const client = new Client(connection(app));
    await client.connect();
    const runs = await history(client, app.name, 5).finally(() => client.end());
    for (const one of runs) process.stdout.write(`  ${lineOf(one)}\n`);
  }
  return 0;
}

function lineOf({ day, backfill, attempt, started_at, ended_at, rows, error }: RunRecord): string {
  const took = ended_at ? `${((ended_at.getTime() - started_at.getTime()) / 1000).toFixed(1)} s` : "under way";
  const result = error ? `failed: ${error.split("\n")[0]}` : ended_at ? `${rows} rows` : "";
  const words = [`for ${day}`, started_at.toISOString().slice(0, 19).concat("Z"), took, result];
  return [...words, attempt > 1 ? `attempt ${attempt}` : "", backfill ? "backfill" : ""].filter(Boolean).join("   ");
}

async function run(app: Scheduled, postgres: ClientConfig, range: string | undefined): Promise<number> {
  const { name, schedule } = app;
  const aborting = new AbortController();
  process.once("SIGINT", () => aborting.abort());
  const log = createLogger(name);
  log.level = "warn";
  let failed = false;
  for (const due of duesOf(schedule, range)) {
    if (aborting.signal.aborted) return 130;
    const result = await runOnce({ name, schedule, postgres, dbt: localDbt, log, signal: aborting.signal }, due, true);
    process.stdout.write(`${due.day}   ${result?.error ? `failed: ${result.error}` : `${result?.rows ?? 0} rows`}\n`);
    failed ||= result?.error !== undefined;
  }
  return failed ? 1 : 0;
}

function duesOf(schedule: SchedulePlan, range: string | undefined) {
  if (range === undefined) {
    const due = lastDue(schedule, new Date());
    return due ? [due] : [];
  }
  const [from = "", to = from] = range.split("..");
  try {
    return daysOf(from, to).map(dueFor);
  } catch (error) {
    const allowed = "a day, or two with .. between: 2026-11-01..2026-11-20";
    throw new UserError([{ path: "--for", message: `${(error as Error).message}.`, given: range, allowed }]);
  }
}
