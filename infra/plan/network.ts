import { jobPrincipal } from "./access";
import type { Plan } from "./types";

/** `from` opens connections to `to`; both are names of workloads: `kafka`, `registry`, `postgres`, `connect`, `setup`, `flink-<job>`, or an app. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** The workload that runs a job: its principal where each has a Flink of its own. */
export const jobWorkload = (job: string) => jobPrincipal(job, "apart");

/** Who talks to which service: it follows from who may do what, and nothing else is open. */
export function planNetwork(plan: Plan): Edge[] {
  const edges = new Map<string, Edge>();
  const open = (from: string, to: string) => edges.set(`${from} ${to}`, { from, to });
  const own = new Set(plan.databases.filter(({ external }) => !external).map(({ name }) => name));
  const captures = new Set(plan.captures.map(({ name }) => `${name}-capture`));
  for (const { name, kafka, postgres } of plan.principals) {
    // Captures run in Kafka Connect.
    const workload = captures.has(name) ? "connect" : name;
    if (kafka.length > 0) open(workload, "kafka");
    // Records are Avro: who reads or writes topics asks the registry what they look like.
    if (kafka.some(({ resource }) => resource === "topic")) open(workload, "registry");
    if (postgres.some(({ database }) => own.has(database))) open(workload, "postgres");
  }
  for (const { name, calls } of plan.apps) for (const called of calls) open(name, called);
  if (plan.captures.length > 0) open("connect", "kafka");
  open("setup", "registry");
  open("setup", "postgres");
  open("registry", "postgres");
  return [...edges.values()];
}
