import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type EnvironmentName, environments } from "../../infra/environments";
import { endpointsIn } from "../../infra/kubernetes/addresses";
import { connectorSettings, ownSource, workerSettings } from "../../infra/kubernetes/connect";
import { flinkSettings } from "../../infra/kubernetes/flink";
import { brokerSettings } from "../../infra/kubernetes/kafka";
import type { Scope } from "../../infra/kubernetes/scope";
import { toolchain } from "../../infra/local/toolchain";
import debezium from "../../infra/plan/connectors/debezium-postgres.json";
import { planFor } from "../../infra/program";
import { configOf } from "./support/stack";

/** Maps that no resource definition looks into: their keys are held against the definitions in the jars that run. */

const names = Object.keys(environments) as EnvironmentName[];
const scopeOf = (environment: EnvironmentName) =>
  ({ environment, sizes: environments[environment] }) as unknown as Scope;

function keysOf(program: "Keys" | "FlinkKeys", jars: string, argument: string): Map<string, Set<string>> {
  const source = join(__dirname, "support", `${program}.java`);
  const args = ["-cp", `${jars}/*`, source, argument];
  const answer = execFileSync(toolchain().java, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const keys = new Map<string, Set<string>>();
  for (const line of answer.trim().split("\n")) {
    const [kind = "", key = ""] = line.split(" ");
    keys.set(kind, (keys.get(kind) ?? new Set()).add(key));
  }
  return keys;
}

const unknown = (given: object, known: ReadonlySet<string> | undefined) =>
  Object.keys(given).filter((key) => !known?.has(key));

test("Kafka knows the settings of brokers and topics", async () => {
  const known = keysOf("Keys", toolchain().kafkaLibs, "kafka");
  for (const name of names) expect(unknown(brokerSettings(scopeOf(name)), known.get("broker"))).toEqual([]);
  const { topics } = await planFor("keys", configOf({}));
  expect(topics.flatMap(({ config }) => unknown(config, known.get("topic")))).toEqual([]);
  expect(unknown({ "min.insync.replica": 1 }, known.get("broker"))).toEqual(["min.insync.replica"]);
});

test("Kafka Connect, its clients and Debezium know the settings of workers and connectors", async () => {
  const known = keysOf("Keys", toolchain().connectLibs, "connect");
  // Of providers of configuration each has its own.
  const worker = Object.keys(workerSettings(scopeOf("prod"))).filter((key) => !/^config\.providers\.\w+\./.test(key));
  expect(worker.filter((key) => !known.get("worker")?.has(key))).toEqual([]);

  const { captures } = await planFor("keys", configOf({}));
  const endpoints = endpointsIn("millrace");
  const options = new Set(Object.keys(debezium.options));
  // Debezium reads these where it takes signals; its definition leaves them out.
  for (const key of ["read.only", "signal.kafka.topic", "signal.kafka.bootstrap.servers"]) options.add(key);
  const isKnown = (key: string) => {
    const [, owner, rest = ""] =
      /^(producer\.override|signal\.consumer|(?:key|value)\.converter)\.(.+)$/.exec(key) ?? [];
    if (owner === "producer.override") return known.get("producer")?.has(rest);
    if (owner === "signal.consumer") return known.get("consumer")?.has(rest);
    if (owner !== undefined) return rest.startsWith("apicurio.registry.");
    return options.has(key) || known.get("worker")?.has(key) || key === "topic.prefix";
  };
  expect(captures.length).toBeGreaterThan(0);
  for (const capture of captures) {
    const settings = connectorSettings(capture, ownSource(capture.name, endpoints), endpoints);
    expect(Object.keys(settings).filter((key) => !isKnown(key))).toEqual([]);
  }
});

test("Flink knows the settings of jobs", async () => {
  const known = keysOf("FlinkKeys", toolchain().flinkLib, toolchain().flinkLib).get("flink");
  // Those of its operator, its autoscaler, its native integration and of one reporter are in jars that no registry has here.
  const elsewhere = /^(kubernetes\.|job\.autoscaler\.|metrics\.reporter\.prom\.|jobmanager\.scheduler$)/;
  const { jobs } = await planFor("keys", configOf({}));
  for (const name of names) {
    for (const job of jobs) {
      const settings = Object.keys(flinkSettings(scopeOf(name), job, "s3://state"));
      expect(settings.filter((key) => !elsewhere.test(key) && !known?.has(key))).toEqual([]);
    }
  }
});
