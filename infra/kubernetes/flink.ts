import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Resources } from "../environments";
import { avroLimits } from "../local/flink";
import { flinkShading } from "../local/kafka";
import type { JobPlan } from "../plan/types";
import { mebibytes } from "./kafka";
import { lakeMounts, lakeVolumes } from "./lake";
import { kafkaSecret, labelsOf, serviceAccounts, shortHash } from "./names";
import { caMounts, caVolumes, containerSecurity, podSecurity, spread } from "./pods";
import { after, custom, type Scope } from "./scope";

/** Below the image's working folder; Flink finds its jars by the environment variables of the image. */
const scriptFolder = "/opt/millrace";
const stateFolder = "/mnt/state";
const metricsPort = 9249;
export const workloadOf = (job: string) => `flink-${job}`;

/** A script as Flink's SQL driver takes it: the same statements that run locally. */
export const scriptOf = (job: JobPlan) => job.statements.map((statement) => `${statement};\n`).join("\n");

/** What a job's managers may do: Flink starts its task managers itself, and keeps who leads in config maps. */
export function flinkAccount(scope: Scope, needs: readonly pulumi.Resource[]) {
  const name = serviceAccounts.flink;
  const metadata = { name, namespace: scope.namespace };
  const account = new k8s.core.v1.ServiceAccount(
    name,
    { metadata, automountServiceAccountToken: false },
    after(scope, needs),
  );
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
  const role = new k8s.rbac.v1.Role(
    name,
    {
      metadata,
      rules: [
        { apiGroups: [""], resources: ["pods", "configmaps", "services"], verbs },
        { apiGroups: ["apps"], resources: ["deployments", "deployments/finalizers"], verbs },
      ],
    },
    after(scope, needs),
  );
  const binding = new k8s.rbac.v1.RoleBinding(
    name,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: scope.namespace }],
    },
    after(scope, [account, role]),
  );
  return [account, role, binding];
}

/** Where there is no bucket, state lies on a volume that all pods of the job mount: on one node, or of a class that several nodes can write. */
function stateVolume(scope: Scope, job: JobPlan, space: readonly pulumi.Resource[]) {
  return new k8s.core.v1.PersistentVolumeClaim(
    workloadOf(job.name),
    {
      metadata: {
        name: workloadOf(job.name),
        namespace: scope.namespace,
        labels: labelsOf(workloadOf(job.name)),
        // It is bound when the first pod wants it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } },
    },
    after(scope, space, { protect: scope.sizes.protect }),
  );
}

/** Settings of Flink and of its operator, as they spell them. Checked against Flink's definitions by a test. */
export function flinkSettings(scope: Scope, job: JobPlan, state: string): Record<string, string> {
  const { flink } = scope.sizes;
  const backoff = "restart-strategy.exponential-delay";
  return {
    "taskmanager.numberOfTaskSlots": "2",
    "kubernetes.jobmanager.cpu.limit-factor": limitFactor(flink.jobManager),
    "kubernetes.taskmanager.cpu.limit-factor": limitFactor(flink.taskManager),
    "state.backend.type": "rocksdb",
    "execution.checkpointing.incremental": "true",
    "execution.checkpointing.interval": `${flink.checkpointMs} ms`,
    "execution.checkpointing.min-pause": `${Math.ceil(flink.checkpointMs / 4)} ms`,
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.dir": `${state}/checkpoints`,
    "execution.checkpointing.savepoint-dir": `${state}/savepoints`,
    "execution.checkpointing.num-retained": "3",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.buffer-timeout.interval": "5 ms",
    "high-availability.type": "kubernetes",
    "high-availability.storageDir": `${state}/ha`,
    "restart-strategy.type": "exponential-delay",
    [`${backoff}.initial-backoff`]: "500 ms",
    [`${backoff}.max-backoff`]: "1 min",
    "pipeline.object-reuse": "true",
    "metrics.reporters": "prom",
    "metrics.reporter.prom.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
    "metrics.reporter.prom.port": String(metricsPort),
    "env.java.opts.taskmanager": avroLimits.join(" "),
    "kubernetes.operator.savepoint.history.max.count": "5",
    "kubernetes.operator.job.restart.failed": "true",
    ...(flink.autoscaler && {
      "job.autoscaler.enabled": "true",
      "job.autoscaler.stabilization.interval": "5 min",
      "job.autoscaler.metrics.window": "10 min",
      "job.autoscaler.utilization.target": "0.7",
      "job.autoscaler.vertex.max-parallelism": String(Math.max(job.parallelism, 8)),
      "jobmanager.scheduler": "adaptive",
    }),
  };
}

export interface FlinkJobArgs {
  readonly job: JobPlan;
  readonly image: pulumi.Input<string>;
  readonly needs: readonly (pulumi.Resource | undefined)[];
}

/** A job in a Flink of its own, started by Flink's SQL driver from the script in a config map; a changed script goes on from a savepoint. */
export function flinkJob(scope: Scope, { job, image, needs }: FlinkJobArgs, space: readonly pulumi.Resource[]) {
  const workload = workloadOf(job.name);
  const { flink } = scope.sizes;
  const volume = scope.buckets ? undefined : stateVolume(scope, job, space);
  const state = scope.buckets?.state ?? `file://${stateFolder}`;
  const script = new k8s.core.v1.ConfigMap(
    workload,
    {
      metadata: { name: workload, namespace: scope.namespace, labels: labelsOf(workload) },
      data: { "job.sql": scriptOf(job) },
    },
    after(scope, space),
  );
  const labels = labelsOf(workload);
  return custom(
    scope,
    {
      apiVersion: "flink.apache.org/v1beta1",
      kind: "FlinkDeployment",
      name: workload,
      labels,
      spec: {
        image,
        flinkVersion: "v2_3",
        serviceAccount: serviceAccounts.flink,
        flinkConfiguration: pulumi.output(state).apply((url) => flinkSettings(scope, job, `${url}/${job.name}`)),
        jobManager: { replicas: flink.jobManagers, resource: resource(flink.jobManager) },
        taskManager: { resource: resource(flink.taskManager) },
        podTemplate: {
          // A changed script is a changed job: without this the operator would see no difference.
          metadata: { labels, annotations: { "millrace.dev/script": shortHash(scriptOf(job)) } },
          spec: {
            enableServiceLinks: false,
            automountServiceAccountToken: true,
            securityContext: { ...podSecurity, runAsUser: 9999, runAsGroup: 9999, fsGroup: 9999 },
            topologySpreadConstraints: spread(labels),
            containers: [
              {
                name: "flink-main-container",
                securityContext: containerSecurity,
                env: [
                  {
                    name: "KAFKA_PASSWORD",
                    valueFrom: { secretKeyRef: { name: kafkaSecret(job.principal), key: "password" } },
                  },
                  // Kubernetes puts the password in; nobody else sees it.
                  { name: "FLINK_JAAS", value: jaas(job.principal, "$(KAFKA_PASSWORD)") },
                ],
                ports: [{ name: "metrics", containerPort: metricsPort }],
                volumeMounts: [
                  { name: "script", mountPath: scriptFolder, readOnly: true },
                  ...caMounts(["kafka"]),
                  ...lakeMounts(job),
                  ...(volume ? [{ name: "state", mountPath: stateFolder }] : []),
                ],
              },
            ],
            volumes: [
              { name: "script", configMap: { name: workload } },
              ...caVolumes(["kafka"]),
              ...lakeVolumes(job),
              ...(volume ? [{ name: "state", persistentVolumeClaim: { claimName: workload } }] : []),
            ],
          },
        },
        job: {
          // The driver is in Flink's own jars; the operator asks for one all the same.
          jarURI: "local:///opt/flink/lib/flink-sql-gateway.jar",
          entryClass: "org.apache.flink.table.runtime.application.SqlDriver",
          args: ["--scriptUri", `file://${scriptFolder}/job.sql`],
          parallelism: job.parallelism,
          upgradeMode: "savepoint",
          state: "running",
          allowNonRestoredState: false,
        },
      },
      waitFor: "jsonpath={.status.lifecycleState}=STABLE",
    },
    after(scope, [script, volume, ...needs]),
  );
}

/** As Flink's connector wants it, which brings Kafka's client under other names. */
const jaas = (user: string, password: string) =>
  `${flinkShading}org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";`;

/** `500m` in processors. */
const processors = (cpu: string) => (cpu.endsWith("m") ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu));
const resource = ({ cpu, memory }: Resources) => ({ cpu: processors(cpu), memory: `${mebibytes(memory)}m` });
const limitFactor = ({ cpu, cpuLimit }: Resources) => String(processors(cpuLimit) / processors(cpu));
