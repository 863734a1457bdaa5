import type { StackConfig } from "../../config";
import type { Plan } from "../types";
import { type Footprint, footprintOf } from "./footprint";

/** What is kept of a plan with the stack that it became, so that the next plan can be compared with it. Without secrets, as a plan is. */
export interface PlanRecord {
  readonly topics: Plan["topics"];
  readonly subjects: Plan["subjects"];
  readonly databases: readonly DatabaseRecord[];
  readonly captures: Plan["captures"];
  readonly jobs: Plan["jobs"];
  readonly apps: Plan["apps"];
  readonly principals: Plan["principals"];
  /** Null where nothing is paid for. */
  readonly footprint: Footprint | null;
}

type Database = Plan["databases"][number];
interface DatabaseRecord extends Omit<Database, "migrations"> {
  /** Without their text, which is in git. */
  readonly migrations: readonly { readonly file: string; readonly sha256: string }[];
}

export function recordOf(plan: Plan, config: StackConfig): PlanRecord {
  const { topics, subjects, captures, jobs, apps, principals } = plan;
  const databases = plan.databases.map((database) => ({
    ...database,
    migrations: database.migrations.map(({ file, sha256 }) => ({ file, sha256 })),
  }));
  return { topics, subjects, databases, captures, jobs, apps, principals, footprint: footprintOf(plan, config) };
}

/** Before the first deployment. */
export const nothing: PlanRecord = {
  topics: [],
  subjects: [],
  databases: [],
  captures: [],
  jobs: [],
  apps: [],
  principals: [],
  footprint: null,
};
