import type { types } from "@pulumi/kubernetes";
import type { Resources } from "../environments";
import { caFolders, kafkaCa, labelsOf, postgresCa, workloadLabel } from "./names";

type PodSpec = types.input.core.v1.PodSpec;
type Container = types.input.core.v1.Container;

/** What the restricted Pod Security Standard asks of a pod and of a container. */
export const podSecurity = {
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};
/** Our own images need no more than this. */
export const readOnly = { ...containerSecurity, readOnlyRootFilesystem: true };

export const requirements = ({ cpu, cpuLimit, memory }: Resources) => ({
  requests: { cpu, memory },
  limits: { cpu: cpuLimit, memory },
});

/** Pods of a workload go to different zones and nodes where there are some. */
export const spread = (labels: Readonly<Record<string, string>>) =>
  ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { ...labels } },
  }));
export const spreadOf = (workload: string) => spread({ [workloadLabel]: workload });

/** Certificates of the authorities behind Kafka and Postgres, which their operators made. Only what is public: the secrets hold keys, too. */
export const caVolumes = (of: readonly (keyof typeof caFolders)[]) =>
  of.map((name) => ({
    name: `${name}-ca`,
    secret: { secretName: name === "kafka" ? kafkaCa : postgresCa, items: [{ key: "ca.crt", path: "ca.crt" }] },
  }));
export const caMounts = (of: readonly (keyof typeof caFolders)[]) =>
  of.map((name) => ({ name: `${name}-ca`, mountPath: caFolders[name], readOnly: true }));

/** An environment variable from a secret. */
export const fromSecret = (name: string, secret: string, key: string) => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** A pod with one container of our own: restricted, without a token, its root read-only, with room for temporary files. */
export function podTemplate(
  workload: string,
  container: Omit<Container, "name" | "securityContext">,
  spec: Partial<PodSpec> & { volumes?: types.input.core.v1.Volume[] } = {},
): types.input.core.v1.PodTemplateSpec {
  const mounts = (container.volumeMounts ?? []) as types.input.core.v1.VolumeMount[];
  return {
    metadata: { labels: labelsOf(workload) },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { ...podSecurity, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
      topologySpreadConstraints: spreadOf(workload),
      ...spec,
      containers: [
        {
          ...container,
          name: workload,
          securityContext: readOnly,
          volumeMounts: [...mounts, { name: "tmp", mountPath: "/tmp" }],
        },
      ],
      volumes: [...(spec.volumes ?? []), { name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
    },
  };
}
