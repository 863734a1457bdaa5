import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "./names";
import { after, type Scope } from "./scope";

/** Nodes are drained one pod at a time. Of a single pod nobody could be spared, and no node drained: it has none. */
export function disruptionBudget(
  scope: Scope,
  workload: string,
  replicas: number,
  needs: readonly (pulumi.Resource | undefined)[],
) {
  if (replicas < 2) return undefined;
  return new k8s.policy.v1.PodDisruptionBudget(
    workload,
    {
      metadata: { name: workload, namespace: scope.namespace, labels: labelsOf(workload) },
      spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(workload) } },
    },
    after(scope, needs),
  );
}
