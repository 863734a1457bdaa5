import type { OutputMap, Stack } from "@pulumi/pulumi/automation";
import { readConfig, type StackConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import type { Plan } from "../plan/types";
import { deploy, planFor } from "../program";
import { openStack } from "../workspace";
import { operate, say, seconds } from "./engine";
import { untilDataFlows } from "./flow";

interface Opened {
  readonly config: StackConfig;
  readonly plan: Plan;
  readonly stack: Stack;
}

/** Plan first: what a person got wrong is said before the engine starts. */
async function open({ stack, configFile, configText }: Invocation): Promise<Opened> {
  const config = readConfig(valuesOf(configText), configFile, configText);
  const plan = await planFor(config);
  return { config, plan, stack: await openStack(stack, configText, async () => deploy(stack, config, plan)) };
}

export async function up(invocation: Invocation): Promise<number> {
  const since = Date.now();
  const { plan, stack, config } = await open(invocation);
  // Refresh first: a process that died or a topic that was changed by hand is mended, too.
  let outputs: OutputMap = {};
  const counts = await operate("up", stack, async (onEvent) => {
    ({ outputs } = await stack.up({ refresh: true, onEvent, suppressOutputs: true }));
  });
  if (!counts) return 1;
  const flows = await untilDataFlows(
    plan,
    config,
    String(outputs.kafkaAdminPassword?.value),
    String(outputs.postgresPassword?.value),
  );
  const shown = Object.fromEntries(Object.entries(outputs).filter(([, output]) => !output.secret));
  process.stdout.write("\n");
  for (const [name, { value }] of Object.entries(shown)) process.stdout.write(`${name.padEnd(18)} ${show(value)}\n`);
  process.stdout.write("\n");
  for (const line of flows.lines) process.stdout.write(`${line}\n`);
  say(`\nready after ${seconds(since)}`);
  return flows.all ? 0 : 1;
}

export async function preview(invocation: Invocation): Promise<number> {
  const { stack } = await open(invocation);
  return (await operate("preview", stack, (onEvent) => stack.preview({ onEvent }))) ? 0 : 1;
}

export async function refresh(invocation: Invocation): Promise<number> {
  const { stack } = await open(invocation);
  return (await operate("refresh", stack, (onEvent) => stack.refresh({ onEvent }))) ? 0 : 1;
}

function show(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, child], index) => `${index > 0 ? " ".repeat(19) : ""}${key}  ${child}`)
    .join("\n");
}
