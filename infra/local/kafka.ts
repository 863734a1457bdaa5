import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { loopback, type Ports, servicePorts } from "./addresses";
import { java, log4j2 } from "./java";
import { Process } from "./resources";
import { toolchain } from "./toolchain";

export const admin = "admin";

export interface KafkaUser {
  readonly name: string;
  readonly password: pulumi.Input<string>;
}

const loginModule = "org.apache.kafka.common.security.plain.PlainLoginModule required";
/** Flink's connector brings Kafka's client under other names. */
export const flinkShading = "org.apache.flink.kafka.shaded.";

/** What a client of the broker presents, as Kafka's clients want it. */
export const jaas = (user: KafkaUser, shading = ""): pulumi.Output<string> =>
  pulumi.interpolate`${shading}${loginModule} username="${user.name}" password="${user.password}";`;

/** Client settings with the credentials read from an environment variable of the process that uses them. */
export const saslFromEnv = (variable: string, prefix = ""): Record<string, string> => ({
  [`${prefix}security.protocol`]: "SASL_PLAINTEXT",
  [`${prefix}sasl.mechanism`]: "PLAIN",
  [`${prefix}sasl.jaas.config`]: `\${env:${variable}}`,
});

export interface KafkaArgs {
  readonly root: string;
  readonly ports: Ports;
  readonly adminPassword: pulumi.Input<string>;
  /** Who may log in; what they may do is an `Access` of each. */
  readonly users: readonly KafkaUser[];
}

/** One broker that is its own controller. Every client logs in; without an access list it may do nothing. */
export function kafka({ root, ports, adminPassword, users }: KafkaArgs, opts: pulumi.ResourceOptions): Process {
  const tools = toolchain();
  const accounts = [{ name: admin, password: adminPassword }, ...users];
  const serverJaas = pulumi.interpolate`${loginModule} username="${admin}" password="${adminPassword}" ${pulumi
    .all(accounts.map((user) => pulumi.interpolate`user_${user.name}="${user.password}"`))
    .apply((entries) => entries.join(" "))};`;
  return new Process(
    "kafka",
    {
      root,
      spec: {
        name: "kafka",
        command: java({
          name: "kafka",
          temporary: join(root, "kafka"),
          classpath: tools.kafkaLibs,
          main: "kafka.Kafka",
          heap: { min: 256, max: 512 },
          options: ["-Dlog4j2.configurationFile=log4j2.properties"],
          args: ["server.properties"],
        }),
        prepare: { command: ["cp", "-R", tools.kafkaData, "data"] },
        env: { KAFKA_JAAS: serverJaas },
        files: { "server.properties": serverProperties(ports), "log4j2.properties": log4j2 },
        ports: servicePorts("kafka", ports),
        ready: { tcp: ports.kafka },
      },
    },
    opts,
  );
}

function serverProperties(ports: Ports): string {
  const lines = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@${loopback}:${ports.kafkaController}`,
    listeners: `CLIENT://${loopback}:${ports.kafka},CONTROLLER://${loopback}:${ports.kafkaController}`,
    "advertised.listeners": `CLIENT://${loopback}:${ports.kafka}`,
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "config.providers": "env",
    "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "config.providers.env.param.allowlist.pattern": "KAFKA_.*",
    "listener.name.client.plain.sasl.jaas.config": "${env:KAFKA_JAAS}",
    "listener.name.controller.plain.sasl.jaas.config": "${env:KAFKA_JAAS}",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": `User:${admin}`,
    "log.dirs": "data",
    "auto.create.topics.enable": false,
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 2,
    "group.initial.rebalance.delay.ms": 0,
    // A consumer that was killed comes back under a new name: the old one must not be waited for long.
    "group.min.session.timeout.ms": 3000,
    "log.segment.bytes": 134217728,
    "log.cleaner.dedupe.buffer.size": 16777216,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 4,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
