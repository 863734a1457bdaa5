import { existsSync } from "node:fs";
import type { OutputMap, Stack } from "@pulumi/pulumi/automation";
import { readConfig, type StackConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import { type Deployed, survey } from "../local/survey";
import { stackRoot } from "../paths";
import { type Draft, refuseToDeploy } from "../plan";
import { UserError } from "../plan/problems";
import { compare, markdown, type PlanRecord, recordOf, refusal } from "../plan/report";
import type { Plan } from "../plan/types";
import { deploy, draftFor, planFor } from "../program";
import { deployedState, openStack } from "../workspace";
import { operate, resourceChanges, say, seconds } from "./engine";
import { untilDataFlows } from "./flow";

interface Opened {
  /** Of the plan that is deployed. */
  readonly deployed?: PlanRecord;
  readonly config: StackConfig;
  readonly plan: Plan;
  readonly stack: Stack;
}

/** All that a person got wrong is said before the engine starts, which stops at the first. */
async function open({ stack: name, configFile, configText }: Invocation): Promise<Opened> {
  const config = readConfig(valuesOf(configText), configFile, configText);
  const root = stackRoot(name);
  const drafting = draftFor(name, config);
  const opening = () => openStack(name, configText, async () => deploy(name, config, (await drafting).plan));
  // What is there already is looked at where it is near; on a cluster the API server refuses.
  const surveyed = async (plan: Plan, deployed: Deployed) =>
    config.target === "local" ? survey(plan, root, config.portBase, deployed) : [];
  const refuseAll = async ({ plan, problems }: Draft, deployed: Deployed) =>
    refuseToDeploy([...problems, ...(await surveyed(plan, deployed))]);
  // On other targets a stack may be known where its state is, and nothing of it lie here.
  if (config.target === "local" && !existsSync(root)) {
    // A first deployment that is refused leaves no stack.
    const draft = await drafting;
    await refuseAll(draft, new Map());
    return { config, plan: draft.plan, stack: await opening() };
  }
  const known = async () => {
    const stack = await opening();
    return { stack, deployed: await deployedState(stack) };
  };
  const [draft, { stack, deployed }] = await Promise.all([drafting, known()]);
  await refuseAll(draft, deployed.inputs);
  return { config, plan: draft.plan, stack, ...(deployed.record && { deployed: deployed.record }) };
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
  const flows =
    config.target === "local"
      ? await untilDataFlows(
          plan,
          config,
          String(outputs.kafkaAdminPassword?.value),
          String(outputs.postgresPassword?.value),
        )
      : { all: true, lines: [] };
  const shown = Object.fromEntries(Object.entries(outputs).filter(([, output]) => !output.secret));
  process.stdout.write("\n");
  for (const [name, { value }] of Object.entries(shown)) process.stdout.write(`${name.padEnd(18)} ${show(value)}\n`);
  process.stdout.write("\n");
  for (const line of flows.lines) process.stdout.write(`${line}\n`);
  say(`\nready after ${seconds(since)}`);
  return flows.all ? 0 : 1;
}

export async function preview(invocation: Invocation): Promise<number> {
  if (invocation.flags.report !== undefined) return report(invocation, invocation.flags.report);
  const { stack } = await open(invocation);
  return (await operate("preview", stack, (onEvent) => stack.preview({ onEvent }))) ? 0 : 1;
}

/** The preview as Markdown on standard output, in words of the domain, also that of a plan which is refused. */
async function report(invocation: Invocation, format: string): Promise<number> {
  if (format !== "md") throw new UserError([{ message: "There is no such report.", given: format, allowed: "md" }]);
  try {
    const { stack, config, plan, deployed } = await open(invocation);
    const { onEvent, changes } = resourceChanges();
    const counts = await operate("preview", stack, (shown) =>
      stack.preview({
        onEvent: (event) => {
          onEvent(event);
          shown(event);
        },
      }),
    );
    if (!counts) return 1;
    process.stdout.write(markdown(invocation.stack, compare(deployed, recordOf(plan, config)), changes));
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stdout.write(refusal(invocation.stack, error.problems));
    throw error;
  }
}

export async function refresh(invocation: Invocation): Promise<number> {
  const { stack: name, configFile, configText } = invocation;
  const config = readConfig(valuesOf(configText), configFile, configText);
  const plan = await planFor(name, config);
  const stack = await openStack(name, configText, async () => deploy(name, config, plan));
  return (await operate("refresh", stack, (onEvent) => stack.refresh({ onEvent }))) ? 0 : 1;
}

function show(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, child], index) => `${index > 0 ? " ".repeat(19) : ""}${key}  ${child}`)
    .join("\n");
}
