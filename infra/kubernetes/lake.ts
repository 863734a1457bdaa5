import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { AppPlan, JobPlan } from "../plan/types";
import { lakeFolder } from "./addresses";
import { holdsData, type Scope } from "./scope";

const claimName = "lake";

/** Whether a job or an app has to do with lakes on the volume: their addresses stand in its script, or in its environment. */
export const usesLakes = (part: JobPlan | AppPlan): boolean =>
  ("statements" in part ? part.statements : Object.values(part.env)).some((text) =>
    text.includes(`file://${lakeFolder}`),
  );

/** The volume that holds all lakes where there is no bucket: pods on several nodes need a storage class that all of them can write. */
export function lakeVolume(scope: Scope, needs: readonly pulumi.Resource[]): k8s.core.v1.PersistentVolumeClaim {
  return new k8s.core.v1.PersistentVolumeClaim(
    claimName,
    {
      metadata: {
        name: claimName,
        namespace: scope.namespace,
        // It is bound when the first pod wants it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: scope.sizes.kafka.storage } } },
    },
    holdsData(scope, needs),
  );
}

/** For the pod of who has to do with lakes. */
export const lakeMounts = (part: JobPlan | AppPlan) =>
  usesLakes(part) ? [{ name: "lake", mountPath: lakeFolder }] : [];
export const lakeVolumes = (part: JobPlan | AppPlan) =>
  usesLakes(part) ? [{ name: "lake", persistentVolumeClaim: { claimName } }] : [];
