import type * as pulumi from "@pulumi/pulumi";
import { connectPrincipal, connectTopics, converter } from "../local/connect";
import { capturePrincipal } from "../plan/access";
import type { CapturePlan, Endpoints } from "../plan/types";
import { caFile, connectCluster, kafkaCa, kafkaSecret, labelsOf, postgresSecret } from "./names";
import { caMounts, caVolumes, containerSecurity, fromSecret, podSecurity, requirements, spreadOf } from "./pods";
import { after, custom, ready, type Scope } from "./scope";

const apiVersion = "kafka.strimzi.io/v1";
const variable = (kind: "PASSWORD" | "JAAS", capture: string) =>
  `CONNECT_${kind}_${capture.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;

/** Where a captured database is, and which secret has the password of the role that reads it. */
export interface Source {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Key `password`. */
  readonly secret: string;
  /** Verified where we know who signs. */
  readonly ca: string | undefined;
}

/** Of a database of our own: the capture's role. */
export const ownSource = (capture: string, { postgres }: Endpoints): Source => {
  const user = capturePrincipal(capture);
  return { host: postgres.host, port: postgres.port, user, secret: postgresSecret(user), ca: postgres.ca };
};

/** Settings of the workers, as Kafka Connect spells them. Checked against its definitions by a test. */
export function workerSettings({ sizes: { kafka } }: Scope): Record<string, string | number | boolean> {
  return {
    "config.storage.replication.factor": kafka.replication,
    "offset.storage.replication.factor": kafka.replication,
    "status.storage.replication.factor": kafka.replication,
    "offset.flush.interval.ms": 1000,
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "plugin.discovery": "service_load",
    "config.providers": "env",
    "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "config.providers.env.param.allowlist.pattern": "CONNECT_.*",
  };
}

/** Kafka Connect from our own image. A connector's credentials are variables of the workers, from secrets; its configuration refers to them. */
export function connect(
  scope: Scope,
  image: pulumi.Input<string>,
  endpoints: Endpoints,
  captures: readonly { readonly capture: CapturePlan; readonly source: Source }[],
  needs: pulumi.Resource[],
) {
  const [configStorageTopic, offsetStorageTopic, statusStorageTopic] = connectTopics;
  const { replicas, worker } = scope.sizes.connect;
  return custom(
    scope,
    {
      apiVersion,
      kind: "KafkaConnect",
      name: connectCluster,
      annotations: { "strimzi.io/use-connector-resources": "true" },
      spec: {
        replicas,
        image,
        bootstrapServers: endpoints.kafka,
        groupId: connectPrincipal,
        configStorageTopic,
        offsetStorageTopic,
        statusStorageTopic,
        tls: { trustedCertificates: [{ secretName: kafkaCa, pattern: "*.crt" }] },
        authentication: {
          type: "scram-sha-512",
          username: connectPrincipal,
          passwordSecret: { secretName: kafkaSecret(connectPrincipal), password: "password" },
        },
        config: workerSettings(scope),
        resources: requirements(worker),
        metricsConfig: { type: "strimziMetricsReporter", values: { allowList: ["kafka_connect.*"] } },
        template: {
          pod: {
            metadata: { labels: labelsOf(connectCluster) },
            securityContext: podSecurity,
            topologySpreadConstraints: spreadOf(connectCluster),
            volumes: caVolumes(["kafka", "postgres"]),
          },
          connectContainer: {
            securityContext: containerSecurity,
            env: captures.flatMap(({ capture: { name }, source }) => [
              fromSecret(variable("PASSWORD", name), source.secret, "password"),
              fromSecret(variable("JAAS", name), kafkaSecret(capturePrincipal(name)), "sasl.jaas.config"),
            ]),
            volumeMounts: caMounts(["kafka", "postgres"]),
          },
        },
      },
      waitFor: ready,
    },
    after(scope, needs),
  );
}

/** What the target adds to a capture's configuration: where things are, and who it is. Checked against the connector's definitions by a test. */
export function connectorSettings(capture: CapturePlan, source: Source, endpoints: Endpoints): Record<string, string> {
  const { "connector.class": _class, "tasks.max": _tasks, ...config } = capture.config;
  const jaas = `\${env:${variable("JAAS", capture.name)}}`;
  return {
    ...config,
    "database.hostname": source.host,
    "database.port": String(source.port),
    "database.dbname": capture.database,
    "database.user": source.user,
    "database.password": `\${env:${variable("PASSWORD", capture.name)}}`,
    ...(source.ca
      ? { "database.sslmode": "verify-full", "database.sslrootcert": source.ca }
      : { "database.sslmode": "require" }),
    // The slot is there on the replica that takes over.
    "slot.failover": "true",
    "signal.kafka.bootstrap.servers": endpoints.kafka,
    "signal.consumer.security.protocol": "SASL_SSL",
    "signal.consumer.sasl.mechanism": "SCRAM-SHA-512",
    "signal.consumer.sasl.jaas.config": jaas,
    "signal.consumer.ssl.truststore.type": "PEM",
    "signal.consumer.ssl.truststore.location": caFile("kafka"),
    // The rest of how it logs in is the worker's.
    "producer.override.sasl.jaas.config": jaas,
    "producer.override.compression.type": "lz4",
    "producer.override.linger.ms": "1",
    ...converter("key", endpoints.registry),
    ...converter("value", endpoints.registry),
  };
}

export function connector(
  scope: Scope,
  capture: CapturePlan,
  config: Readonly<Record<string, string>>,
  needs: readonly (pulumi.Resource | undefined)[],
) {
  return custom(
    scope,
    {
      apiVersion,
      kind: "KafkaConnector",
      name: capture.name,
      labels: { "strimzi.io/cluster": connectCluster },
      spec: {
        class: capture.connectorClass,
        tasksMax: 1,
        state: "running",
        autoRestart: { enabled: true },
        config,
      },
      waitFor: ready,
    },
    after(scope, needs),
  );
}
