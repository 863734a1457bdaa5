/**
 * How large an environment is, what it keeps and what it protects. All sizes of all environments stand in this table and nowhere else; which row a stack has is
 * `millrace:environment` in its file. Quantities are written as Kubernetes writes them.
 */
export type EnvironmentName = "ephemeral" | "kind" | "staging" | "prod";

/** What one container asks for and may use at most. Memory asked for is the limit, too: what is not there cannot be borrowed. */
export interface Resources {
  readonly cpu: string;
  readonly cpuLimit: string;
  readonly memory: string;
}

export interface Environment {
  /** Whether stand-ins run, which play parties that are not there: simulators with sample data. */
  readonly standIns: boolean;
  /** Whether what holds data is protected from deletion, and stays when its owner goes. */
  readonly protect: boolean;
  readonly kafka: {
    /** Controllers that are nothing else; 0: each broker is one, too. */
    readonly controllers: number;
    readonly brokers: number;
    readonly replication: number;
    readonly minInSync: number;
    readonly storage: string;
    readonly broker: Resources;
    readonly controller: Resources;
    readonly cruiseControl: boolean;
    /** Of each app's Kafka user, bytes a second in each direction and broker. */
    readonly appBytesPerSecond: number;
  };
  readonly connect: { readonly replicas: number; readonly worker: Resources };
  readonly registry: { readonly replicas: number; readonly container: Resources };
  readonly flink: {
    /** Slots of a task manager: so much of a job's parallelism runs in one. */
    readonly taskSlots: number;
    /** A second job manager waits to take over. */
    readonly jobManagers: number;
    readonly jobManager: Resources;
    readonly taskManager: Resources;
    readonly autoscaler: boolean;
    /** Milliseconds. */
    readonly checkpointMs: number;
  };
  readonly postgres: {
    readonly instances: number;
    readonly storage: string;
    readonly container: Resources;
    readonly pooler: boolean;
    /** Days that backups stay. 0: there are none. */
    readonly backupDays: number;
  };
  readonly apps: { readonly replicas: number; readonly maxReplicas: number; readonly container: Resources };
  readonly observability: { readonly replicas: number; readonly retentionDays: number; readonly storage: string };
  /** What the cluster stands on; only on AWS. */
  readonly aws: {
    readonly nodes: {
      readonly instanceTypes: readonly string[];
      /** Of each of the three zones. */
      readonly min: number;
      readonly max: number;
      readonly diskGiB: number;
    };
    /** One for all zones is cheaper; one for each outlives a zone. */
    readonly natGateways: 1 | 3;
    readonly logDays: number;
    /** Days that an old version of an object stays. */
    readonly oldVersionDays: number;
    /** Days that images which nothing names stay. */
    readonly untaggedImageDays: number;
  };
}

const size = (cpu: string, cpuLimit: string, memory: string): Resources => ({ cpu, cpuLimit, memory });

const kind: Environment = {
  standIns: true,
  protect: false,
  kafka: {
    controllers: 0,
    brokers: 1,
    replication: 1,
    minInSync: 1,
    storage: "5Gi",
    broker: size("200m", "2", "1Gi"),
    controller: size("100m", "1", "512Mi"),
    cruiseControl: false,
    appBytesPerSecond: 10_485_760,
  },
  connect: { replicas: 1, worker: size("100m", "2", "1Gi") },
  registry: { replicas: 1, container: size("50m", "1", "512Mi") },
  flink: {
    taskSlots: 2,
    jobManagers: 1,
    jobManager: size("100m", "1", "1Gi"),
    taskManager: size("200m", "2", "1536Mi"),
    autoscaler: false,
    checkpointMs: 10_000,
  },
  postgres: { instances: 1, storage: "5Gi", container: size("100m", "2", "512Mi"), pooler: false, backupDays: 0 },
  apps: { replicas: 1, maxReplicas: 2, container: size("50m", "1", "256Mi") },
  observability: { replicas: 1, retentionDays: 2, storage: "5Gi" },
  aws: {
    nodes: { instanceTypes: ["m7i.large", "m7a.large", "m6i.large"], min: 1, max: 2, diskGiB: 50 },
    natGateways: 1,
    logDays: 7,
    oldVersionDays: 7,
    untaggedImageDays: 3,
  },
};

const staging: Environment = {
  ...kind,
  kafka: {
    ...kind.kafka,
    brokers: 3,
    replication: 3,
    minInSync: 2,
    storage: "50Gi",
    broker: size("500m", "2", "2Gi"),
    appBytesPerSecond: 52_428_800,
  },
  connect: { replicas: 2, worker: size("250m", "2", "1536Mi") },
  registry: { replicas: 1, container: size("100m", "1", "768Mi") },
  flink: {
    ...kind.flink,
    jobManager: size("250m", "1", "1536Mi"),
    taskManager: size("500m", "2", "2Gi"),
    autoscaler: true,
    checkpointMs: 30_000,
  },
  postgres: { instances: 2, storage: "50Gi", container: size("250m", "2", "2Gi"), pooler: true, backupDays: 7 },
  apps: { replicas: 1, maxReplicas: 3, container: size("100m", "1", "384Mi") },
  observability: { replicas: 1, retentionDays: 7, storage: "50Gi" },
  aws: {
    nodes: { instanceTypes: ["m7i.xlarge", "m7a.xlarge", "m6i.xlarge"], min: 1, max: 3, diskGiB: 100 },
    natGateways: 1,
    logDays: 14,
    oldVersionDays: 14,
    untaggedImageDays: 7,
  },
};

export const environments: Readonly<Record<EnvironmentName, Environment>> = {
  /** A pull request's, on a cluster that others use, too. */
  ephemeral: {
    ...kind,
    kafka: { ...kind.kafka, storage: "2Gi", broker: size("100m", "1", "768Mi"), appBytesPerSecond: 2_097_152 },
    connect: { replicas: 1, worker: size("100m", "1", "768Mi") },
    postgres: { ...kind.postgres, storage: "2Gi", container: size("50m", "1", "256Mi") },
    apps: { replicas: 1, maxReplicas: 1, container: size("25m", "500m", "192Mi") },
    observability: { replicas: 1, retentionDays: 1, storage: "2Gi" },
  },
  kind,
  staging,
  prod: {
    ...staging,
    standIns: false,
    protect: true,
    kafka: {
      controllers: 3,
      brokers: 3,
      replication: 3,
      minInSync: 2,
      storage: "500Gi",
      broker: size("2", "4", "8Gi"),
      controller: size("250m", "1", "1Gi"),
      cruiseControl: true,
      appBytesPerSecond: 104_857_600,
    },
    connect: { replicas: 3, worker: size("500m", "2", "2Gi") },
    registry: { replicas: 2, container: size("250m", "1", "1Gi") },
    flink: {
      taskSlots: 4,
      jobManagers: 2,
      jobManager: size("500m", "2", "2Gi"),
      taskManager: size("1", "4", "4Gi"),
      autoscaler: true,
      checkpointMs: 60_000,
    },
    postgres: { instances: 3, storage: "200Gi", container: size("1", "4", "8Gi"), pooler: true, backupDays: 30 },
    apps: { replicas: 2, maxReplicas: 6, container: size("200m", "2", "512Mi") },
    observability: { replicas: 2, retentionDays: 30, storage: "200Gi" },
    aws: {
      nodes: { instanceTypes: ["m7i.2xlarge", "m7a.2xlarge", "m6i.2xlarge"], min: 1, max: 4, diskGiB: 200 },
      natGateways: 3,
      logDays: 90,
      oldVersionDays: 30,
      untaggedImageDays: 14,
    },
  },
};
