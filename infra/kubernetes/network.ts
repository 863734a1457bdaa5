import type { types } from "@pulumi/kubernetes";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Edge } from "../plan/network";
import { appPort, ports } from "./addresses";
import { kafkaCluster, labelsOf, postgresCluster, workloadLabel } from "./names";
import { after, type Scope } from "./scope";

type Peer = types.input.networking.v1.NetworkPolicyPeer;
type Spec = types.input.networking.v1.NetworkPolicySpec;

/** The pods of a service, as its operator labels them. */
const selectors: Readonly<Record<string, Record<string, string>>> = {
  kafka: { "strimzi.io/cluster": kafkaCluster, "strimzi.io/kind": "Kafka" },
  postgres: { "cnpg.io/cluster": postgresCluster },
};
const podsOf = (workload: string): Record<string, string> => selectors[workload] ?? { [workloadLabel]: workload };
const services: Readonly<Record<string, number>> = {
  kafka: ports.kafka,
  registry: ports.registry,
  postgres: ports.postgres,
};
const portOf = (workload: string) => services[workload] ?? appPort;
const peer = (matchLabels: Record<string, string>): Peer => ({ podSelector: { matchLabels } });
const port = (number: number) => ({ port: number, protocol: "TCP" });

/** Operators and monitoring, wherever they are installed: they are told by their labels. */
const anywhere = (matchLabels: Record<string, string>): Peer => ({
  namespaceSelector: {},
  podSelector: { matchLabels },
});
const prometheus = anywhere({ "app.kubernetes.io/name": "prometheus" });
const operators = {
  strimzi: anywhere({ "strimzi.io/kind": "cluster-operator" }),
  postgres: anywhere({ "app.kubernetes.io/name": "cloudnative-pg" }),
  flink: anywhere({ "app.kubernetes.io/name": "flink-kubernetes-operator" }),
  keda: anywhere({ app: "keda-operator" }),
};
/** HTTPS to the API server or to object storage, whose addresses are no pods'. */
const https: types.input.networking.v1.NetworkPolicyEgressRule = { ports: [port(443), port(6443)] };

export interface NetworkArgs {
  readonly edges: readonly Edge[];
  /** Workloads that run Flink jobs. */
  readonly jobs: readonly string[];
  readonly apps: readonly string[];
  /** Apps with an ingress. */
  readonly exposed: ReadonlySet<string>;
  /** Who reads databases that somebody else runs, and their ports. */
  readonly upstreams: readonly { readonly from: string; readonly port: number }[];
}

/** Nothing may talk to anything, but along the edges of the graph. @returns the policies by name */
export function networkPolicies(args: NetworkArgs): Map<string, Spec> {
  const { edges, jobs, apps } = args;
  const policies = new Map<string, Spec>();
  policies.set("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  policies.set("names", {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [
      {
        to: [{ namespaceSelector: {}, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
        ports: [port(53), { port: 53, protocol: "UDP" }],
      },
    ],
  });
  for (const [from, own] of grouped(edges, ({ from }) => from)) {
    policies.set(`from-${from}`, {
      podSelector: { matchLabels: podsOf(from) },
      policyTypes: ["Egress"],
      egress: own.map(({ to }) => ({ to: [peer(podsOf(to))], ports: [port(portOf(to))] })),
    });
  }
  for (const [to, own] of grouped(edges, ({ to }) => to)) {
    policies.set(`to-${to}`, {
      podSelector: { matchLabels: podsOf(to) },
      policyTypes: ["Ingress"],
      ingress: [{ from: own.map(({ from }) => peer(podsOf(from))), ports: [port(portOf(to))] }],
    });
  }
  // Strimzi opens its own pods to each other, to its operator and to its exporter.
  policies.set("strimzi", {
    podSelector: { matchLabels: { "strimzi.io/cluster": kafkaCluster } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { from: [peer({ "strimzi.io/cluster": kafkaCluster }), operators.strimzi] },
      { from: [prometheus], ports: [port(ports.metrics)] },
      { from: [operators.keda], ports: [port(ports.kafka)] },
    ],
    egress: [{ to: [peer({ "strimzi.io/cluster": kafkaCluster })] }, https],
  });
  policies.set("connect", {
    podSelector: { matchLabels: { [workloadLabel]: "connect" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { from: [peer({ [workloadLabel]: "connect" }), operators.strimzi], ports: [port(ports.connect)] },
      { from: [prometheus], ports: [port(ports.metrics)] },
    ],
    egress: [{ to: [peer({ [workloadLabel]: "connect" })], ports: [port(ports.connect)] }],
  });
  policies.set("postgres", {
    podSelector: { matchLabels: podsOf("postgres") },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { from: [peer(podsOf("postgres"))], ports: [port(ports.postgres), port(8000)] },
      { from: [operators.postgres], ports: [port(ports.postgres), port(8000)] },
      { from: [prometheus], ports: [port(9187)] },
    ],
    egress: [{ to: [peer(podsOf("postgres"))], ports: [port(ports.postgres), port(8000)] }, https],
  });
  // Outside of the cluster only addresses can be named, and a database is known by its name: its port is what can be said.
  for (const [from, own] of grouped(args.upstreams, (upstream) => upstream.from)) {
    policies.set(`upstream-${from}`, {
      podSelector: { matchLabels: podsOf(from) },
      policyTypes: ["Egress"],
      egress: own.map((upstream) => ({ ports: [port(upstream.port)] })),
    });
  }
  for (const job of jobs) {
    const itself = peer({ [workloadLabel]: job });
    policies.set(job, {
      podSelector: { matchLabels: { [workloadLabel]: job } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [itself] },
        { from: [operators.flink], ports: [port(ports.flink)] },
        { from: [prometheus], ports: [port(9249)] },
      ],
      egress: [{ to: [itself] }, https],
    });
  }
  for (const app of [...apps, "registry"]) {
    policies.set(app, {
      podSelector: { matchLabels: { [workloadLabel]: app } },
      policyTypes: ["Ingress"],
      ingress: [
        { from: [prometheus], ports: [port(app === "registry" ? 9000 : 8080)] },
        // The controller of the ingress, wherever the cluster has it.
        ...(args.exposed.has(app) ? [{ from: [{ namespaceSelector: {} }], ports: [port(appPort)] }] : []),
      ],
    });
  }
  return policies;
}

/** The policies as objects of the namespace. */
export function network(
  scope: Scope,
  args: NetworkArgs,
  needs: readonly pulumi.Resource[],
): k8s.networking.v1.NetworkPolicy[] {
  return [...networkPolicies(args)].map(
    ([name, spec]) =>
      new k8s.networking.v1.NetworkPolicy(
        name,
        { metadata: { name, namespace: scope.namespace, labels: labelsOf("network") }, spec },
        after(scope, needs),
      ),
  );
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
