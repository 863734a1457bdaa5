import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Endpoints, Plan } from "../plan/types";

/** Everything listens here and nowhere else. */
export const loopback = "127.0.0.1";

/** Where each service of the platform stands within the stack's thousand ports. */
const offsets = {
  postgres: 32,
  kafka: 92,
  kafkaController: 93,
  registry: 81,
  registryManagement: 181,
  connect: 83,
  flink: 84,
  flinkRpc: 23,
  flinkBlob: 24,
  flinkTaskRpc: 22,
  flinkTaskData: 21,
} as const;
/** Apps have the rest. */
const [firstApp, appCount] = [200, 800];

/** Which process listens on which of them. */
const listeners = {
  postgres: ["postgres"],
  kafka: ["kafka", "kafkaController"],
  registry: ["registry", "registryManagement"],
  connect: ["connect"],
  "flink-jobmanager": ["flink", "flinkRpc", "flinkBlob"],
  "flink-taskmanager": ["flinkTaskRpc", "flinkTaskData"],
} as const satisfies Readonly<Record<string, readonly (keyof typeof offsets)[]>>;
export type Service = keyof typeof listeners;

export const servicePorts = (service: Service, ports: Ports): number[] => listeners[service].map((name) => ports[name]);

/** Every process of a stack and its ports; Flink runs where there are jobs to run. */
export function processPorts(base: number, plan: Plan): [name: string, ports: readonly number[]][] {
  const ports = portsOf(base);
  const hasFlink = plan.principals.some(({ name }) => name === "flink");
  const services = (Object.keys(listeners) as Service[]).filter((name) => hasFlink || !name.startsWith("flink-"));
  return [
    ...services.map((name): [string, number[]] => [name, servicePorts(name, ports)]),
    ...plan.apps.map(({ name, port }): [string, number[]] => [name, [port]]),
  ];
}

export type Ports = Readonly<Record<keyof typeof offsets, number>>;

export const portsOf = (base: number): Ports =>
  Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, base + offset])) as Ports;

/** Of the folder of a stack: its lakes. */
const lakeFolder = "lake";

/**
 * A port follows from the app's name, and is the next free one where two names meet: so it stays when another app comes, as a stack may be running, and when a
 * pipeline is left out.
 */
function portsByName(apps: readonly string[], first: number): (name: string) => number {
  const taken = new Map<number, string>();
  for (const name of [...apps].sort()) {
    let slot = createHash("sha256").update(name).digest().readUInt32BE() % appCount;
    while (taken.has(slot)) slot = (slot + 1) % appCount;
    taken.set(slot, name);
  }
  const ports = new Map([...taken].map(([slot, name]) => [name, first + slot]));
  return (name) => ports.get(name) as number;
}

/**
 * @param apps names of all apps of all pipelines, deployed or not
 * @param root folder of the stack, absolute
 */
export function endpointsOf(base: number, apps: readonly string[], root = "/"): Endpoints {
  const ports = portsOf(base);
  const appPort = portsByName(apps, base + firstApp);
  return {
    kafka: `${loopback}:${ports.kafka}`,
    registry: `http://${loopback}:${ports.registry}`,
    postgres: { host: loopback, port: ports.postgres },
    lake: pathToFileURL(join(root, lakeFolder)).href,
    app: appPort,
    appUrl: (name) => `http://${loopback}:${appPort(name)}`,
  };
}

/** What a person opens or connects to, by name. */
export function urlsOf(base: number, plan: Plan) {
  const ports = portsOf(base);
  const url = (port: number, path = "") => `http://${loopback}:${port}${path}`;
  return {
    kafka: `${loopback}:${ports.kafka}`,
    schemaRegistry: url(ports.registry),
    kafkaConnect: url(ports.connect),
    flink: url(ports.flink),
    postgres: `postgresql://postgres@${loopback}:${ports.postgres}/`,
    apps: Object.fromEntries(plan.apps.map((app) => [app.name, url(app.port)])),
  };
}
