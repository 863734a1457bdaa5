import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { PrincipalPlan } from "../plan/types";
import { mebibytes } from "./kafka";
import {
  labelsOf,
  objectName,
  ownerRole,
  postgresCluster,
  postgresSecret,
  registryDatabase,
  serviceAccounts,
} from "./names";
import { requirements } from "./pods";
import { after, custom, holdsData, ready, type Scope } from "./scope";

const apiVersion = "postgresql.cnpg.io/v1";
const backupStore = "postgres-backups";
const backupPlugin = "barman-cloud.cloudnative-pg.io";
/** The version that runs locally, too. */
const image = "ghcr.io/cloudnative-pg/postgresql:17.10";

export type RolePlan = Pick<PrincipalPlan, "name" | "replication">;

/** A role's password as CloudNativePG and pods read it. */
export function roleSecret(
  scope: Scope,
  role: string,
  password: pulumi.Input<string>,
  needs: readonly pulumi.Resource[],
) {
  return new k8s.core.v1.Secret(
    postgresSecret(role),
    {
      metadata: {
        name: postgresSecret(role),
        namespace: scope.namespace,
        labels: { "cnpg.io/reload": "true" },
      },
      type: "kubernetes.io/basic-auth",
      stringData: { username: role, password },
    },
    after(scope, needs),
  );
}

/** Settings of the server, as Postgres spells them. */
export function serverSettings({ sizes: { postgres, protect } }: Scope): Record<string, string> {
  const memory = mebibytes(postgres.container.memory);
  return {
    max_connections: "200",
    max_replication_slots: "32",
    max_wal_senders: "32",
    // A capture that is away for long must not fill the disk: past this, its slot is given up, and says so.
    max_slot_wal_keep_size: protect ? "50GB" : "2GB",
    shared_buffers: `${Math.floor(memory / 4)}MB`,
    // A replica that takes over has the slots of the captures.
    ...(postgres.instances > 1 && { sync_replication_slots: "on", hot_standby_feedback: "on" }),
  };
}

/** One cluster for all databases of ours, ready for logical replication. */
export function postgres(
  scope: Scope,
  roles: readonly RolePlan[],
  secrets: pulumi.Resource[],
  needs: pulumi.Resource[],
) {
  const { postgres: size } = scope.sizes;
  const store = scope.buckets && size.backupDays > 0 ? backups(scope, scope.buckets.backups, needs) : undefined;
  return custom(
    scope,
    {
      apiVersion,
      kind: "Cluster",
      name: postgresCluster,
      spec: {
        instances: size.instances,
        imageName: image,
        storage: { size: size.storage },
        resources: requirements(size.container),
        postgresql: { parameters: serverSettings(scope) },
        // The owner of all databases; it takes no part in anything but what the set-up Job does.
        bootstrap: { initdb: { database: ownerRole, owner: ownerRole, secret: { name: postgresSecret(ownerRole) } } },
        enableSuperuserAccess: false,
        replicationSlots: { highAvailability: { enabled: true, synchronizeLogicalDecoding: size.instances > 1 } },
        managed: {
          roles: [{ name: ownerRole, replication: true }, ...roles].map(({ name, replication }) => ({
            name,
            ensure: "present",
            login: true,
            replication,
            passwordSecret: { name: postgresSecret(name) },
          })),
        },
        affinity: { topologyKey: "topology.kubernetes.io/zone", podAntiAffinityType: "preferred" },
        inheritedMetadata: { labels: labelsOf(postgresCluster) },
        ...(store && {
          plugins: [{ name: backupPlugin, isWALArchiver: true, parameters: { barmanObjectName: backupStore } }],
        }),
      },
      waitFor: ready,
    },
    holdsData(scope, [...needs, ...secrets, store]),
  );
}

/** The log all the time, and a base backup each night: any moment of the days that are kept can be restored. */
function backups(scope: Scope, bucket: pulumi.Input<string>, needs: pulumi.Resource[]) {
  const { backupDays } = scope.sizes.postgres;
  custom(
    scope,
    {
      apiVersion,
      kind: "ScheduledBackup",
      name: postgresCluster,
      spec: {
        schedule: "0 30 1 * * *",
        cluster: { name: postgresCluster },
        method: "plugin",
        pluginConfiguration: { name: backupPlugin },
        backupOwnerReference: "self",
      },
    },
    after(scope, needs),
  );
  return custom(
    scope,
    {
      apiVersion: "barmancloud.cnpg.io/v1",
      kind: "ObjectStore",
      name: backupStore,
      spec: {
        retentionPolicy: `${backupDays}d`,
        configuration: {
          destinationPath: bucket,
          s3Credentials: { inheritFromIAMRole: true },
          wal: { compression: "gzip", encryption: "aws:kms" },
          data: { compression: "gzip", encryption: "aws:kms" },
        },
      },
    },
    after(scope, needs),
  );
}

/** A database; where data is protected it stays when the object goes. */
export function database(scope: Scope, name: string, cluster: pulumi.Resource) {
  return custom(
    scope,
    {
      apiVersion,
      kind: "Database",
      name: objectName(name),
      spec: {
        name,
        owner: name === registryDatabase ? registryDatabase : ownerRole,
        cluster: { name: postgresCluster },
        databaseReclaimPolicy: scope.sizes.protect ? "retain" : "delete",
      },
      waitFor: "jsonpath={.status.applied}=true",
    },
    holdsData(scope, [cluster]),
  );
}

/** Shares the connections of many clients; what holds a connection, like a capture, goes past it. */
export function pooler(scope: Scope, cluster: pulumi.Resource) {
  const { instances, pooler: wanted } = scope.sizes.postgres;
  if (!wanted) return undefined;
  return custom(
    scope,
    {
      apiVersion,
      kind: "Pooler",
      name: `${postgresCluster}-pooler`,
      spec: {
        cluster: { name: postgresCluster },
        instances: Math.min(instances, 2),
        type: "rw",
        pgbouncer: { poolMode: "transaction", parameters: { max_client_conn: "500", default_pool_size: "20" } },
        template: { metadata: { labels: labelsOf(`${postgresCluster}-pooler`) }, spec: { containers: [] } },
      },
    },
    after(scope, [cluster]),
  );
}

/** Who its pods are for object storage. */
export const postgresServiceAccount = serviceAccounts.postgres;
