import type { StackConfig } from "../../config";
import { environments, type Resources } from "../../environments";
import type { Plan } from "../types";

/** What an environment asks for: the cost follows from it. Operators and what is observed are not counted. */
export interface Footprint {
  /** Processor cores. */
  readonly cores: number;
  readonly memoryGiB: number;
  readonly storageGiB: number;
  /** Least number of machines, where the stack has machines of its own. */
  readonly nodes: number;
}

type Part = readonly [count: number, resources: Resources, storage?: string];

/** Null for a laptop. */
export function footprintOf(plan: Plan, config: StackConfig): Footprint | null {
  if (config.target === "local") return null;
  const { kafka, connect, registry, flink, postgres, apps, aws, standIns } = environments[config.environment];
  const servers = plan.databases.filter(({ upstream }) => standIns || !upstream).length + 1;
  const parts: Part[] = [
    [kafka.controllers, kafka.controller],
    [kafka.brokers, kafka.broker, kafka.storage],
    [plan.captures.length > 0 ? connect.replicas : 0, connect.worker],
    [registry.replicas, registry.container],
    [servers * postgres.instances, postgres.container, postgres.storage],
    [plan.jobs.length * flink.jobManagers, flink.jobManager],
    [sum(plan.jobs.map(({ parallelism }) => Math.ceil(parallelism / flink.taskSlots))), flink.taskManager],
    [plan.apps.filter(({ standIn }) => standIns || !standIn).length * apps.replicas, apps.container],
  ];
  const total = (amount: (part: Part) => number) => Math.round(sum(parts.map((p) => p[0] * amount(p))) * 100) / 100;
  return {
    cores: total(([, { cpu }]) => cores(cpu)),
    memoryGiB: total(([, { memory }]) => gib(memory)),
    storageGiB: total(([, , storage]) => (storage ? gib(storage) : 0)),
    nodes: config.target === "aws" ? 3 * aws.nodes.min : 0,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const cores = (quantity: string) => (quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity));
const gib = (quantity: string) => Number.parseFloat(quantity) / (quantity.endsWith("Mi") ? 1024 : 1);
