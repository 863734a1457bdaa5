import type { Endpoints } from "../plan/types";
import { caFile, connectCluster, kafkaCluster, postgresCluster, registryName } from "./names";

/** Where the volume with the lakes is mounted, in pods that use one. */
export const lakeFolder = "/mnt/lake";
/** Each app has a pod of its own, and so the same port. */
export const appPort = 8080;
export const ports = {
  kafka: 9093,
  registry: 8080,
  postgres: 5432,
  connect: 8083,
  flink: 8081,
  metrics: 9404,
} as const;

/** Where the platform's services answer inside of the cluster. */
export function endpointsIn(namespace: string): Endpoints {
  const host = (service: string) => `${service}.${namespace}.svc`;
  return {
    kafka: `${host(`${kafkaCluster}-kafka-bootstrap`)}:${ports.kafka}`,
    registry: `http://${host(registryName)}:${ports.registry}`,
    postgres: { host: host(`${postgresCluster}-rw`), port: ports.postgres, ca: caFile("postgres") },
    lake: `file://${lakeFolder}`,
    kafkaLogin: { mechanism: "SCRAM-SHA-512", ca: caFile("kafka") },
    jobs: "apart",
    app: () => appPort,
    appUrl: (name) => `http://${host(name)}:${appPort}`,
  };
}

/** How a person gets to each service: there is no way in but the API server's. */
export function portForwards(namespace: string, jobs: readonly string[], apps: readonly string[]) {
  const forward = (service: string, port: number, local = port) =>
    `kubectl -n ${namespace} port-forward svc/${service} ${local}:${port}`;
  return {
    kafka: forward(`${kafkaCluster}-kafka-bootstrap`, ports.kafka),
    registry: forward(registryName, ports.registry, 8081),
    connect: forward(`${connectCluster}-connect-api`, ports.connect),
    postgres: forward(`${postgresCluster}-rw`, ports.postgres),
    ...Object.fromEntries(jobs.map((job) => [`flink ${job}`, forward(`flink-${job}-rest`, ports.flink)])),
    ...Object.fromEntries(apps.map((app) => [app, forward(app, appPort)])),
  };
}
