import type { Plan } from "./types";

export const buckets = ["state", "lake", "backups"] as const;
export type BucketName = (typeof buckets)[number];

/** What a workload's pods may do with objects, and nothing beyond it. */
export interface ObjectAccess {
  /** Its service account, by the name that `infra/kubernetes/names.ts` gives it. */
  readonly workload: "flink" | "postgres";
  readonly bucket: BucketName;
  /** Beginnings of the keys that are its own, without a slash at the end. */
  readonly prefixes: readonly string[];
}

/** Who touches which objects: jobs keep their state, each below its name, and Postgres its backups, where there are some. */
export function planObjectAccess(plan: Pick<Plan, "jobs" | "databases">, hasBackups: boolean): ObjectAccess[] {
  const jobs = plan.jobs.map(({ name }) => name);
  return [
    ...(jobs.length > 0 ? [{ workload: "flink" as const, bucket: "state" as const, prefixes: jobs }] : []),
    ...(hasBackups ? [{ workload: "postgres" as const, bucket: "backups" as const, prefixes: ["postgres"] }] : []),
  ];
}
