import { type Api, ApiError, ifThere, type KubeObject, type Ref } from "../standin/api";

/**
 * Plays what a cluster has beside its control plane: nodes that run every pod whose secrets, config maps and volumes are there, and the operators, which say of their
 * objects that they are ready when what those rely on is. Nothing really runs.
 */
export interface PlayedCluster {
  stop(): Promise<void>;
}

/** Gone or changed in between, and a server that has to catch its breath. */
const passing = [404, 409, 429, 500, 503, 504];
const zones = ["a", "b", "c"];
const kafkaApi = "kafka.strimzi.io/v1";
const topicFinalizer = "strimzi.io/topic-operator";

export async function playCluster(api: Api): Promise<PlayedCluster> {
  await Promise.all(zones.map((zone) => addNode(api, zone)));
  let stopped = false;
  let last: unknown;
  const playing = (async () => {
    while (!stopped) {
      try {
        const there = await look(api);
        await Promise.all([
          ...there.operated.map((one) => operate(api, one, there)),
          ...there.claims.map((claim) => provision(api, claim)),
          ...there.volumes.map((volume) => reclaim(api, volume)),
          ...there.pods.map((pod) => runPod(api, pod, there)),
        ]);
      } catch (error) {
        // What went in between is looked at again.
        if (!(error instanceof ApiError && passing.includes(error.status))) last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (last) throw last;
  })();
  return {
    stop: () => {
      stopped = true;
      return playing;
    },
  };
}

interface There {
  readonly claims: readonly KubeObject[];
  readonly volumes: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly operated: readonly KubeObject[];
  /** `Secret namespace/name` → the object */
  readonly named: ReadonlyMap<string, KubeObject>;
}

const operatedKinds: readonly [apiVersion: string, kind: string][] = [
  ...["Kafka", "KafkaTopic", "KafkaUser", "KafkaConnect", "KafkaConnector"].map((kind): [string, string] => [
    kafkaApi,
    kind,
  ]),
  ...["Cluster", "Database"].map((kind): [string, string] => ["postgresql.cnpg.io/v1", kind]),
  ["flink.apache.org/v1beta1", "FlinkDeployment"],
  ["keda.sh/v1alpha1", "ScaledObject"],
];

async function look(api: Api): Promise<There> {
  const [pods, secrets, maps, claims, volumes, ...operated] = await Promise.all([
    api.list("v1", "Pod"),
    api.list("v1", "Secret"),
    api.list("v1", "ConfigMap"),
    api.list("v1", "PersistentVolumeClaim"),
    api.list("v1", "PersistentVolume"),
    ...operatedKinds.map(([apiVersion, kind]) => api.list(apiVersion, kind)),
  ]);
  const all = [...secrets, ...maps, ...claims, ...operated.flat()];
  return {
    claims,
    volumes,
    pods,
    operated: operated.flat(),
    named: new Map(all.map((one) => [keyOf(one.kind, one.metadata), one])),
  };
}

const keyOf = (kind: string, { namespace, name }: { namespace?: string; name: string }) =>
  `${kind} ${namespace}/${name}`;

async function addNode(api: Api, zone: string): Promise<void> {
  const name = `node-${zone}`;
  const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone };
  const ref = { apiVersion: "v1", kind: "Node", metadata: { name } };
  await api.apply({ ...ref, metadata: { ...ref.metadata, labels } } as Ref);
  const room = { cpu: "64", memory: "256Gi", pods: "500", "ephemeral-storage": "500Gi" };
  await api.merge(
    ref,
    { status: { capacity: room, allocatable: room, conditions: [{ type: "Ready", status: "True" }] } },
    "/status",
  );
  // The controllers mark a new node until it is ready; there is none to take the mark away.
  await api.merge(ref, { spec: { taints: null } });
}

/** As a provisioner of volumes: a volume for each claim, which the controllers bind to it. */
async function provision(api: Api, { metadata, spec, status }: KubeObject): Promise<void> {
  if (status?.phase === "Bound" || spec.volumeName || metadata.deletionTimestamp) return;
  const name = `volume-${metadata.uid}`;
  const { namespace, uid } = metadata;
  const volume = {
    capacity: spec.resources.requests,
    accessModes: spec.accessModes,
    persistentVolumeReclaimPolicy: "Retain",
    claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: metadata.name, uid },
    hostPath: { path: "/nowhere" },
  };
  await api.call("POST", "/api/v1/persistentvolumes", { metadata: { name }, spec: volume });
}

async function reclaim(api: Api, volume: KubeObject): Promise<void> {
  if (volume.status?.phase === "Released" && !volume.metadata.deletionTimestamp) await api.remove(volume);
}

/** As a kubelet: a pod runs when everything that it names is there; one of a Job has done its work at once. */
async function runPod(api: Api, pod: KubeObject, there: There): Promise<void> {
  const { metadata, spec, status } = pod;
  if (metadata.deletionTimestamp) {
    const path = await api.pathOf(pod);
    await ifThere(api.call("DELETE", path, { gracePeriodSeconds: 0 }));
    return;
  }
  if (!spec.nodeName || status.phase !== "Pending" || missing(pod, there).length > 0) return;
  const isJob = metadata.ownerReferences?.some(({ kind }) => kind === "Job");
  const conditions = ["Initialized", "ContainersReady", "Ready"].map((type) => ({
    type,
    status: isJob ? "False" : "True",
  }));
  await ifThere(api.merge(pod, { status: { phase: isJob ? "Succeeded" : "Running", conditions } }, "/status"));
}

/** What a pod names that is not there: secrets and their keys, config maps, claims. */
export function missing(
  pod: { metadata: { namespace?: string }; spec?: KubeObject["spec"] },
  { named }: Pick<There, "named">,
): string[] {
  const lacking: string[] = [];
  const need = (kind: string, name: string, key?: string) => {
    const found = named.get(keyOf(kind, { ...pod.metadata, name }));
    const content = { ...found?.data, ...found?.stringData };
    if (!found || (key !== undefined && !(key in content))) lacking.push(`${kind} ${name}${key ? ` ${key}` : ""}`);
  };
  for (const container of pod.spec.containers ?? []) {
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef) need("Secret", valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key);
    }
  }
  for (const { secret, configMap, persistentVolumeClaim } of pod.spec.volumes ?? []) {
    for (const { key } of secret?.items ?? []) need("Secret", secret.secretName, key);
    if (configMap) need("ConfigMap", configMap.name);
    if (persistentVolumeClaim) need("PersistentVolumeClaim", persistentVolumeClaim.claimName);
  }
  return lacking;
}

const isReady = (object: KubeObject | undefined) =>
  (object?.status?.conditions ?? []).some(
    (one: { type: string; status: string }) => one.type === "Ready" && one.status === "True",
  );

/** As the operator of its kind. */
async function operate(api: Api, object: KubeObject, there: There): Promise<void> {
  const { kind, metadata, spec } = object;
  const { namespace = "", generation } = metadata;
  const get = (of: string, name: string) => there.named.get(keyOf(of, { namespace, name }));
  const ready = (status: object = {}) => {
    if (object.status?.observedGeneration === generation) return undefined;
    const since = new Date(0).toISOString();
    const conditions = [{ type: "Ready", status: "True", reason: "Played", message: "", lastTransitionTime: since }];
    return api.merge(object, { status: { conditions, observedGeneration: generation, ...status } }, "/status");
  };
  const secret = async (name: string, stringData: Readonly<Record<string, string>>) => {
    if (get("Secret", name)) return;
    const owner = { apiVersion: object.apiVersion, kind, name: metadata.name, uid: metadata.uid };
    await api.call("POST", `/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name, ownerReferences: [owner] },
      stringData,
    });
  };
  const cluster = () => get("Kafka", metadata.labels?.["strimzi.io/cluster"] ?? "");
  switch (kind) {
    case "Kafka":
      await secret(`${metadata.name}-cluster-ca-cert`, { "ca.crt": "certificate", "ca.p12": "store" });
      await ready();
      break;
    case "KafkaTopic":
      if (metadata.deletionTimestamp) {
        // The topic operator goes with its cluster: what it held on to then stays for ever.
        if (cluster()) await ifThere(api.merge(object, { metadata: { finalizers: null } }));
      } else if (!metadata.finalizers?.includes(topicFinalizer)) {
        await ifThere(api.merge(object, { metadata: { finalizers: [topicFinalizer] } }));
      } else if (isReady(cluster())) await ready({ topicName: spec.topicName });
      break;
    case "KafkaUser":
      if (!isReady(cluster())) break;
      await secret(metadata.name, { password: "made by Strimzi", "sasl.jaas.config": "made by Strimzi" });
      await ready();
      break;
    case "KafkaConnect": {
      const { pod, connectContainer } = spec.template;
      const made = { metadata, spec: { containers: [connectContainer], volumes: pod.volumes } };
      if (missing(made, there).length === 0) await ready();
      break;
    }
    case "KafkaConnector":
      if (isReady(get("KafkaConnect", metadata.labels?.["strimzi.io/cluster"] ?? ""))) await ready();
      break;
    case "Cluster": {
      const names: string[] = spec.managed.roles.map(
        ({ passwordSecret }: { passwordSecret: { name: string } }) => passwordSecret.name,
      );
      if (!names.every((name) => get("Secret", name))) break;
      await secret(`${metadata.name}-ca`, { "ca.crt": "certificate", "ca.key": "key" });
      if (!isReady(object)) await ready({ observedGeneration: undefined });
      break;
    }
    case "Database":
      if (object.status?.applied !== true && isReady(get("Cluster", spec.cluster.name)))
        await api.merge(object, { status: { applied: true, observedGeneration: generation } }, "/status");
      break;
    case "FlinkDeployment":
      if (
        object.status?.lifecycleState !== "STABLE" &&
        missing({ metadata, spec: spec.podTemplate.spec }, there).length === 0
      )
        await api.merge(object, { status: { lifecycleState: "STABLE" } }, "/status");
      break;
    case "ScaledObject":
      if (!isReady(object)) await ready({ observedGeneration: undefined });
      break;
  }
}
