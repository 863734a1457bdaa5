import type * as pulumi from "@pulumi/pulumi";
import type { Resources } from "../environments";
import type { KafkaGrant, PrincipalPlan, TopicPlan } from "../plan/types";
import { ports } from "./addresses";
import { kafkaCluster, labelsOf, objectName, workloadLabel } from "./names";
import { containerSecurity, podSecurity, requirements, spread } from "./pods";
import { after, custom, holdsData, ready, type Scope } from "./scope";

const apiVersion = "kafka.strimzi.io/v1";
const ofCluster = { "strimzi.io/cluster": kafkaCluster };
/** Kafka's own; the version that runs locally, too. */
const version = "4.3.1";

/** Settings of brokers, as Kafka spells them. Checked against its definitions by a test. */
export function brokerSettings({ sizes: { kafka } }: Scope): Record<string, string | number | boolean> {
  return {
    "auto.create.topics.enable": false,
    "default.replication.factor": kafka.replication,
    "min.insync.replicas": kafka.minInSync,
    "offsets.topic.replication.factor": kafka.replication,
    "transaction.state.log.replication.factor": kafka.replication,
    "transaction.state.log.min.isr": kafka.minInSync,
    "share.coordinator.state.topic.replication.factor": kafka.replication,
    "share.coordinator.state.topic.min.isr": kafka.minInSync,
    // A consumer that was killed comes back under a new name: the old one must not be waited for long.
    "group.min.session.timeout.ms": 3000,
    // The nearest replica is read from, which spares traffic between zones.
    ...(kafka.brokers > 1 && { "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector" }),
  };
}

/** Brokers in KRaft, one TLS listener on which everybody logs in, and who is not named in an access list may do nothing. */
export function kafka(scope: Scope, needs: pulumi.Resource[], clients: readonly string[]) {
  const { kafka: size } = scope.sizes;
  const pools =
    size.controllers > 0
      ? [
          pool(scope, needs, "controllers", ["controller"], size.controllers, size.controller),
          pool(scope, needs, "brokers", ["broker"], size.brokers, size.broker),
        ]
      : [pool(scope, needs, "dual", ["controller", "broker"], size.brokers, size.broker)];
  const small: Resources = { cpu: "50m", cpuLimit: "500m", memory: "384Mi" };
  const template = { pod: { securityContext: podSecurity } };
  return custom(
    scope,
    {
      apiVersion,
      kind: "Kafka",
      name: kafkaCluster,
      spec: {
        kafka: {
          version,
          listeners: [
            {
              name: "tls",
              port: ports.kafka,
              type: "internal",
              tls: true,
              authentication: { type: "scram-sha-512" },
              // Strimzi opens a listener to everybody unless it is told to whom.
              networkPolicyPeers: clients.map((workload) => ({
                podSelector: { matchLabels: { [workloadLabel]: workload } },
              })),
            },
          ],
          authorization: { type: "simple" },
          config: brokerSettings(scope),
          ...(size.brokers > 1 && { rack: { topologyKey: "topology.kubernetes.io/zone" } }),
          metricsConfig: {
            type: "strimziMetricsReporter",
            values: { allowList: ["kafka_server.*", "kafka_network.*", "kafka_log.*", "kafka_controller.*"] },
          },
          template: {
            pod: { securityContext: podSecurity, metadata: { labels: labelsOf("kafka") } },
            kafkaContainer: { securityContext: containerSecurity },
            initContainer: { securityContext: containerSecurity },
          },
        },
        entityOperator: {
          topicOperator: { resources: requirements(small) },
          userOperator: { resources: requirements(small) },
          template: {
            ...template,
            topicOperatorContainer: { securityContext: containerSecurity },
            userOperatorContainer: { securityContext: containerSecurity },
          },
        },
        // Lag of consumer groups.
        kafkaExporter: {
          topicRegex: ".*",
          groupRegex: ".*",
          resources: requirements({ cpu: "25m", cpuLimit: "250m", memory: "128Mi" }),
          template: { ...template, container: { securityContext: containerSecurity } },
        },
        ...(size.cruiseControl && {
          cruiseControl: {
            resources: requirements({ cpu: "100m", cpuLimit: "1", memory: "1Gi" }),
            template: { ...template, cruiseControlContainer: { securityContext: containerSecurity } },
          },
        }),
      },
      waitFor: ready,
    },
    holdsData(scope, [...needs, ...pools]),
  );
}

function pool(
  scope: Scope,
  needs: pulumi.Resource[],
  name: string,
  roles: string[],
  replicas: number,
  container: Resources,
) {
  const holdsTopics = roles.includes("broker");
  const heapMiB = Math.floor(mebibytes(container.memory) / 2);
  return custom(
    scope,
    {
      apiVersion,
      kind: "KafkaNodePool",
      name,
      labels: ofCluster,
      spec: {
        replicas,
        roles,
        storage: {
          type: "jbod",
          volumes: [
            {
              id: 0,
              type: "persistent-claim",
              size: holdsTopics ? scope.sizes.kafka.storage : "5Gi",
              deleteClaim: !scope.sizes.protect,
              kraftMetadata: "shared",
            },
          ],
        },
        resources: requirements(container),
        // The rest is the operating system's, which keeps in it what was just written and is read next.
        jvmOptions: { "-Xms": `${heapMiB}m`, "-Xmx": `${heapMiB}m` },
        template: { pod: { topologySpreadConstraints: spread({ "strimzi.io/pool-name": name }) } },
      },
    },
    holdsData(scope, needs),
  );
}

/** `1Gi`, `768Mi` in MiB. */
export function mebibytes(quantity: string): number {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  if (!amount) throw new Error(`${quantity} is no quantity in Mi or Gi`);
  return Number(amount) * (unit === "Gi" ? 1024 : 1);
}

export function kafkaTopic(scope: Scope, topic: TopicPlan, cluster: pulumi.Resource) {
  const { name, partitions, config } = topic;
  return custom(
    scope,
    {
      apiVersion,
      kind: "KafkaTopic",
      name: objectName(name),
      labels: ofCluster,
      spec: { topicName: name, partitions, replicas: scope.sizes.kafka.replication, config },
      waitFor: ready,
    },
    holdsData(scope, [cluster]),
  );
}

/** A login with exactly the rights that the graph says it needs; Strimzi makes its password, which nobody else knows. */
export function kafkaUser(
  scope: Scope,
  principal: Pick<PrincipalPlan, "name" | "kafka">,
  isApp: boolean,
  cluster: pulumi.Resource,
) {
  const rate = scope.sizes.kafka.appBytesPerSecond;
  return custom(
    scope,
    {
      apiVersion,
      kind: "KafkaUser",
      name: principal.name,
      labels: ofCluster,
      spec: {
        authentication: { type: "scram-sha-512" },
        authorization: { type: "simple", acls: principal.kafka.map(acl) },
        ...(isApp && { quotas: { producerByteRate: rate, consumerByteRate: rate } }),
      },
      waitFor: ready,
    },
    after(scope, [cluster]),
  );
}

export const acl = ({ resource, name, prefix, operations }: KafkaGrant) => ({
  resource:
    resource === "cluster"
      ? { type: "cluster" }
      : {
          type: resource === "transactional-id" ? "transactionalId" : resource,
          name,
          patternType: prefix ? "prefix" : "literal",
        },
  operations: [...operations],
});
