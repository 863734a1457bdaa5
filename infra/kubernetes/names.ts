import { createHash } from "node:crypto";

/** Objects of the platform, as they are called in its namespace. */
export const kafkaCluster = "millrace";
export const postgresCluster = "postgres";
export const connectCluster = "connect";
export const registryName = "registry";
export const setupName = "setup";
/** Owns our databases: what migrates them, grants and publishes. */
export const ownerRole = "millrace";
/** Role and database of the registry. */
export const registryDatabase = "registry";
/** Who may write state and backups to object storage, where there is one, is decided by these names. */
export const serviceAccounts = { flink: "flink", postgres: postgresCluster } as const;

/** Secrets and config maps that the operators make. */
export const kafkaCa = `${kafkaCluster}-cluster-ca-cert`;
export const postgresCa = `${postgresCluster}-ca`;
export const postgresSecret = (role: string) => `postgres-${role}`;
/** Strimzi puts a user's password into a secret of the user's name. */
export const kafkaSecret = (user: string) => user;

/** Where pods find the certificates of the authorities that they trust. Kafka Connect's operator allows mounts below /mnt only. */
export const caFolders = { kafka: "/mnt/kafka-ca", postgres: "/mnt/postgres-ca" } as const;
export const caFile = (of: keyof typeof caFolders) => `${caFolders[of]}/ca.crt`;

/** The label that tells our workloads apart: network policies, services and monitors select by it. */
export const workloadLabel = "millrace.dev/workload";
export const labelsOf = (workload: string): Record<string, string> => ({
  [workloadLabel]: workload,
  "app.kubernetes.io/part-of": "millrace",
});

/** A name as Kubernetes takes it. What had to be changed gets a hash of the whole behind it, so that two names stay two. */
export function objectName(name: string): string {
  const legal = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
  if (legal === name && name.length <= 63) return name;
  return `${legal.slice(0, 50)}-${shortHash(name)}`.replace(/\.-/g, "-");
}

/** Ten hex digits. */
export const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 10);
