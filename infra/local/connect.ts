import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { CapturePlan, KafkaGrant } from "../plan/types";
import { loopback, type Ports, servicePorts } from "./addresses";
import { java, log4j2 } from "./java";
import { saslFromEnv } from "./kafka";
import { Process } from "./resources";
import { toolchain } from "./toolchain";

export const connectPrincipal = "connect";
/** Connect's own topics, compacted; made as resources, so that Connect needs no right to make topics. */
export const connectTopics = ["_connect_configs", "_connect_offsets", "_connect_status"] as const;

export const connectGrants: readonly KafkaGrant[] = [
  ...connectTopics.map(
    (name): KafkaGrant => ({ resource: "topic", name, operations: ["Read", "Write", "Describe", "DescribeConfigs"] }),
  ),
  { resource: "group", name: "connect", operations: ["Read", "Describe"] },
  { resource: "cluster", name: "kafka-cluster", operations: ["IdempotentWrite"] },
];

/** Environment variables of the worker that hold a connector's secrets; its configuration refers to them. */
const variable = (kind: "PASSWORD" | "JAAS", capture: string) =>
  `CONNECT_${kind}_${capture.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;

export interface CaptureSecrets {
  readonly capture: CapturePlan;
  readonly password: pulumi.Input<string>;
  readonly jaas: pulumi.Input<string>;
}

/** One Kafka Connect worker with Debezium. */
export function connect(
  root: string,
  ports: Ports,
  jaas: pulumi.Input<string>,
  captures: readonly CaptureSecrets[],
  opts: pulumi.ResourceOptions,
): Process {
  const tools = toolchain();
  const env: Record<string, pulumi.Input<string>> = { CONNECT_JAAS: jaas };
  for (const { capture, password, jaas } of captures) {
    env[variable("PASSWORD", capture.name)] = password;
    env[variable("JAAS", capture.name)] = jaas;
  }
  return new Process(
    "connect",
    {
      root,
      spec: {
        name: "connect",
        command: java({
          name: "connect",
          temporary: join(root, "connect"),
          classpath: tools.connectLibs,
          main: "org.apache.kafka.connect.cli.ConnectDistributed",
          heap: { min: 160, max: 384 },
          options: ["-Dlog4j2.configurationFile=log4j2.properties"],
          args: ["worker.properties"],
        }),
        env,
        files: { "worker.properties": workerProperties(ports, tools.connectPlugins), "log4j2.properties": log4j2 },
        ports: servicePorts("connect", ports),
        ready: { http: `http://${loopback}:${ports.connect}/connectors` },
        keeps: { connectors: `http://${loopback}:${ports.connect}` },
      },
    },
    opts,
  );
}

/** What the target adds to a capture's configuration: where things are, and who it is. */
export function captureConfig(capture: CapturePlan, ports: Ports, user: string): Record<string, string> {
  const bootstrap = `${loopback}:${ports.kafka}`;
  const jaas = variable("JAAS", capture.name);
  return {
    ...capture.config,
    "database.hostname": loopback,
    "database.port": String(ports.postgres),
    "database.dbname": capture.database,
    "database.user": user,
    "database.password": `\${env:${variable("PASSWORD", capture.name)}}`,
    "signal.kafka.bootstrap.servers": bootstrap,
    ...saslFromEnv(jaas, "signal.consumer."),
    ...saslFromEnv(jaas, "producer.override."),
    // lz4 costs little and halves what goes to disk; linger lets a burst share a batch and adds at most 1 ms.
    "producer.override.compression.type": "lz4",
    "producer.override.linger.ms": "1",
    ...converter("key", `http://${loopback}:${ports.registry}`),
    ...converter("value", `http://${loopback}:${ports.registry}`),
  };
}

/** Avro with the ids of the registry, whose URL is given. */
export function converter(part: "key" | "value", registry: string): Record<string, string> {
  const options = {
    "": "io.apicurio.registry.utils.converter.AvroConverter",
    // The converter that speaks to Kafka Connect 4 is of registry 2, whose API the registry still serves.
    ".apicurio.registry.url": `${registry}/apis/registry/v2`,
    ".apicurio.registry.auto-register": "true",
    ".apicurio.registry.find-latest": "true",
    ".apicurio.registry.as-confluent": "true",
    ".apicurio.registry.use-id": "contentId",
    ".apicurio.registry.headers.enabled": "false",
  };
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [`${part}.converter${key}`, value]));
}

function workerProperties(ports: Ports, plugins: string): string {
  const [configs, offsets, status] = connectTopics;
  const lines = {
    "bootstrap.servers": `${loopback}:${ports.kafka}`,
    "group.id": "connect",
    listeners: `http://${loopback}:${ports.connect}`,
    "config.storage.topic": configs,
    "config.storage.replication.factor": 1,
    "offset.storage.topic": offsets,
    "offset.storage.replication.factor": 1,
    "offset.storage.partitions": 1,
    "status.storage.topic": status,
    "status.storage.replication.factor": 1,
    "status.storage.partitions": 1,
    "offset.flush.interval.ms": 1000,
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "plugin.path": plugins,
    "plugin.discovery": "service_load",
    "scheduled.rebalance.max.delay.ms": 0,
    "config.providers": "env",
    "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "config.providers.env.param.allowlist.pattern": "CONNECT_.*",
    ...saslFromEnv("CONNECT_JAAS"),
    ...saslFromEnv("CONNECT_JAAS", "producer."),
    ...saslFromEnv("CONNECT_JAAS", "consumer."),
    ...saslFromEnv("CONNECT_JAAS", "admin."),
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
