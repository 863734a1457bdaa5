import * as k8s from "@pulumi/kubernetes";
import type { StackConfig } from "../config";
import { recordOf } from "../plan/report";
import type { Plan } from "../plan/types";
import { Record as PlanRecord } from "../record";
import { endpointsIn } from "./addresses";
import { KubernetesPlatform } from "./platform";

/** On a cluster that is there: the one of the kubeconfig's context. @returns the stack's outputs */
export function deployOnCluster(config: StackConfig, plan: Plan): Record<string, unknown> {
  const context = config.kubeContext === "" ? {} : { context: config.kubeContext };
  const provider = new k8s.Provider("cluster", { ...context, enableServerSideApply: true });
  const platform = new KubernetesPlatform("platform", {
    plan,
    config,
    provider,
    registry: { prefix: config.imageRegistry },
  });
  new PlanRecord("plan", recordOf(plan, config), { dependsOn: platform });
  return outputsOf(config, platform);
}

/** What a person needs to know to get in. */
export function outputsOf({ namespace }: StackConfig, { portForwards }: KubernetesPlatform): Record<string, unknown> {
  const { kafka, registry, postgres } = endpointsIn(namespace);
  return {
    namespace,
    kafka,
    schemaRegistry: registry,
    postgres: `${postgres.host}:${postgres.port}`,
    portForwards,
  };
}
