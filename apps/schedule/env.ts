import { z } from "zod";
import type { SchedulePlan } from "../../infra/plan/types";
import { appEnv, postgresEnv } from "../lib/env";

const schedule = "a schedule as JSON";

export const env = appEnv.extend(postgresEnv.shape).extend({
  SCHEDULE: z.string(schedule).transform((text, context): SchedulePlan => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: schedule });
      return z.NEVER;
    }
  }),
  READS_TABLE: z.string().optional(),
  WRITES_TABLE: z.string().optional(),
  /** dbt: program and arguments, with spaces between. */
  DBT_COMMAND: z.string().default("dbt"),
  /** Folder of the dbt projects. */
  DBT_PROJECTS: z.string().default("dbt"),
  /** "always" keeps the clock; "once" runs what is due, and ends. */
  RUN: z.enum(["always", "once"], "always or once").default("always"),
});
export type Env = z.infer<typeof env>;
