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
  flinkGateway: 85,
  flinkRpc: 23,
  flinkBlob: 24,
  flinkTaskRpc: 22,
  flinkTaskData: 21,
} as const;
/** Apps follow in the order of their names, so that a port does not move when a pipeline is left out. */
const firstApp = 200;

export type Ports = Readonly<Record<keyof typeof offsets, number>>;

export const portsOf = (base: number): Ports =>
  Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, base + offset])) as Ports;

/** @param apps names of all apps of all pipelines, deployed or not */
export function endpointsOf(base: number, apps: readonly string[]): Endpoints {
  const ports = portsOf(base);
  const ordered = [...apps].sort();
  return {
    kafka: `${loopback}:${ports.kafka}`,
    registry: `http://${loopback}:${ports.registry}`,
    postgres: { host: loopback, port: ports.postgres },
    app: (name) => base + firstApp + ordered.indexOf(name),
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
    flinkSqlGateway: url(ports.flinkGateway),
    postgres: `postgresql://postgres@${loopback}:${ports.postgres}/`,
    apps: Object.fromEntries(plan.apps.map((app) => [app.name, url(app.port)])),
  };
}
