import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Cron } from "croner";
import type { Duration, Pipeline, Step, Timetable } from "../model";
import { durationWords, milliseconds } from "./duration";
import type { Problem } from "./problems";
import { sqlStatements } from "./shape/sql-statements";
import type { SchedulePlan, StepPlan } from "./types";

const dayMs = 86_400_000;

/** A timetable with its defaults and its files, and what is wrong with it. */
export function planSchedule(
  root: string,
  pipeline: Pipeline,
  name: string,
  timetable: Timetable,
): { schedule: SchedulePlan; problems: Problem[] } {
  const problems: Problem[] = [];
  const place = `${pipeline.name} › ${name}`;
  const { cron, timeZone, retries = { attempts: 5, backoff: "1 minute" }, deadline = "1 hour" } = timetable;
  const span = (duration: Duration, what: string): number => {
    const ms = milliseconds(duration);
    if (Number.isNaN(ms))
      problems.push({
        path: `${place} › ${what}`,
        message: "This is no length of time.",
        given: duration,
        allowed: durationWords,
      });
    return ms;
  };
  if (!isTimeZone(timeZone)) {
    const allowed = "a name of the IANA database, like Asia/Kolkata or UTC";
    problems.push({ path: `${place} › timeZone`, message: "There is no such time zone.", given: timeZone, allowed });
  }
  const wrong = wrongCron(cron);
  if (wrong) {
    const allowed = 'minute, hour, day of the month, month, day of the week: "0 0 * * *"';
    problems.push({ path: `${place} › cron`, message: `This is no cron expression: ${wrong}.`, given: cron, allowed });
  }
  if (!Number.isInteger(retries.attempts) || retries.attempts < 1) {
    const message = "A run is tried at least once.";
    problems.push({ path: `${place} › retries`, message, given: retries.attempts, allowed: "a whole number from 1" });
  }
  const steps = timetable.run.flatMap((step) => stepOf(step));
  const schedule: SchedulePlan = {
    cron,
    timeZone,
    attempts: retries.attempts,
    backoffMs: span(retries.backoff, "retries › backoff"),
    deadlineMs: span(deadline, "deadline"),
    steps,
  };
  return { schedule, problems };

  function stepOf(step: Step): StepPlan[] {
    switch (step.kind) {
      case "partitions": {
        const days = (duration: Duration, what: string) => Math.ceil(span(duration, what) / dayMs);
        const tables = step.tables.map((table) => table.name);
        const keepDays = days(step.retention, "retention");
        return [{ kind: "partitions", tables, aheadDays: days(step.ahead, "ahead"), keepDays }];
      }
      case "dbt":
        missing(`dbt/${step.project}/dbt_project.yml`);
        return [{ kind: "dbt", project: step.project }];
      case "sql": {
        const file = `batch-jobs/${pipeline.name}/${step.file}.sql`;
        if (missing(file)) return [];
        const statements = sqlStatements(readFileSync(join(root, file), "utf8")).map(({ text }) => text);
        return [{ kind: "sql", name: step.file, statements }];
      }
    }
  }

  function missing(file: string): boolean {
    if (existsSync(join(root, file))) return false;
    problems.push({ path: place, message: `The file ${file} does not exist.`, fix: `Write ${file}.` });
    return true;
  }
}

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

function wrongCron(cron: string): string | undefined {
  if (cron.trim().split(/\s+/).length !== 5) return "it has not five fields";
  try {
    return new Cron(cron, { paused: true }).nextRun() ? undefined : "it never comes";
  } catch (error) {
    return (error as Error).message;
  }
}
