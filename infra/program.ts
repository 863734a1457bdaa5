import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "./config";
import { environments } from "./environments";
import { endpointsIn } from "./kubernetes/addresses";
import { endpointsOf, urlsOf } from "./local/addresses";
import { backupFolder } from "./local/backup/place";
import { cacheFolder } from "./local/bundle";
import { LocalPlatform } from "./local/platform";
import type { Pipeline } from "./model";
import { projectRoot, stackRoot } from "./paths";
import { pipelines as all } from "./pipelines";
import { type Draft, draftPlan, refuseToDeploy } from "./plan";
import { recordOf } from "./plan/report";
import type { Plan } from "./plan/types";
import { planUpstreams } from "./plan/upstreams";
import { Record as PlanRecord } from "./record";

/** The plan for an environment. @throws UserError with everything that is wrong with what was declared. */
export async function planFor(stack: string, config: StackConfig): Promise<Plan> {
  const { plan, problems } = await draftFor(stack, config);
  refuseToDeploy(problems);
  return plan;
}

export async function draftFor(
  stack: string,
  config: StackConfig,
  pipelines: readonly Pipeline[] = all,
): Promise<Draft> {
  const apps = pipelines.flatMap(({ parts }) =>
    parts.filter((part) => part.kind === "app" || part.kind === "stand-in"),
  );
  const where = { root: projectRoot, pipelines, config, cacheFolder: join(cacheFolder(), "plan") };
  if (config.target === "local") {
    const names = apps.map((app) => app.name);
    return draftPlan({ ...where, endpoints: endpointsOf(config.portBase, names, stackRoot(stack)) });
  }
  const { external, problems } = planUpstreams(pipelines, config, environments[config.environment].standIns);
  const draft = await draftPlan({
    ...where,
    endpoints: { ...endpointsIn(config.namespace), external: config.upstreams },
    external,
  });
  return { ...draft, problems: [...problems, ...draft.problems] };
}

/** The Pulumi program: a plan becomes resources. @returns the stack's outputs. */
export async function deploy(stack: string, config: StackConfig, plan: Plan): Promise<Record<string, unknown>> {
  // Loaded when it is wanted: the classes of Kubernetes' and the clouds' objects take their time.
  if (config.target !== "local") (await import("./policies")).enforce(environments[config.environment].protect);
  if (config.target === "kubernetes") return (await import("./kubernetes/program")).deployOnCluster(config, plan);
  if (config.target === "aws") return (await import("./aws/program")).deployOnAws(stack, config, plan);
  const platform = new LocalPlatform("platform", {
    plan,
    projectRoot,
    root: stackRoot(stack),
    portBase: config.portBase,
    backup: backupFolder(stack, config),
  });
  new PlanRecord("plan", recordOf(plan, config), { dependsOn: platform });
  return {
    ...urlsOf(config.portBase, plan),
    kafkaAdminPassword: pulumi.secret(platform.adminPassword),
    postgresPassword: pulumi.secret(platform.superuserPassword),
  };
}
