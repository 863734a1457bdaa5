import type * as pulumi from "@pulumi/pulumi";
import { kafkaCluster, postgresCluster, registryName, workloadLabel } from "./names";
import { after, custom, type Scope } from "./scope";

/** What Prometheus scrapes: pods by their labels, and the name of the port. */
export function monitors(
  scope: Scope,
  jobs: readonly string[],
  apps: readonly string[],
  needs: readonly pulumi.Resource[],
): void {
  const monitor = (name: string, selector: object, port: string, path = "/metrics") =>
    custom(
      scope,
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PodMonitor",
        name,
        spec: { selector, podMetricsEndpoints: [{ port, path, interval: "15s" }] },
      },
      after(scope, needs),
    );
  const workloads = (names: readonly string[]) => ({
    matchExpressions: [{ key: workloadLabel, operator: "In", values: [...names] }],
  });
  monitor("kafka", { matchLabels: { "strimzi.io/cluster": kafkaCluster } }, "tcp-prometheus");
  monitor("connect", { matchLabels: { "strimzi.io/kind": "KafkaConnect" } }, "tcp-prometheus");
  monitor("postgres", { matchLabels: { "cnpg.io/cluster": postgresCluster } }, "metrics");
  monitor("registry", workloads([registryName]), "management", "/metrics");
  if (jobs.length > 0) monitor("flink", workloads(jobs), "metrics", "/");
  if (apps.length > 0) monitor("apps", workloads(apps), "http");
}
