import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config";
import type { AppPlan, PrincipalPlan } from "../plan/types";
import { disruptionBudget } from "./disruption";
import { lakeMounts, lakeVolumes } from "./lake";
import { kafkaCa, kafkaSecret, labelsOf, postgresSecret } from "./names";
import { caMounts, caVolumes, fromSecret, podTemplate, requirements } from "./pods";
import { after, custom, holdsData, type Scope } from "./scope";

export interface AppArgs {
  readonly app: AppPlan;
  readonly principal: PrincipalPlan;
  readonly image: pulumi.Input<string>;
  readonly upstreams: StackConfig["upstreams"];
  /** Below which what is public answers; empty: nothing is. */
  readonly domain: string;
  readonly needs: readonly (pulumi.Resource | undefined)[];
}

/** An app or stand-in, and its service. */
export function app(scope: Scope, args: AppArgs): k8s.core.v1.Service {
  const { app: planned, principal, image, needs } = args;
  const { name, env, port } = planned;
  const { apps } = scope.sizes;
  const usesKafka = principal.kafka.length > 0;
  const usesPostgres = planned.database !== undefined;
  const upstream = planned.database === undefined ? undefined : args.upstreams[planned.database];
  const cas = [...(usesKafka ? ["kafka" as const] : []), ...(usesPostgres && !upstream ? ["postgres" as const] : [])];
  // A stand-in plays one party: two of them would be another world. A folder belongs to one process.
  const single = planned.standIn || planned.folders.length > 0;
  const replicas = single ? 1 : apps.replicas;
  const scales = !single && topicsRead(principal).length > 0 && apps.maxReplicas > apps.replicas;
  const folders = planned.folders.map((folder) => ({ ...folder, claim: claim(scope, folder.name, needs) }));
  const probe = (path: string, periodSeconds: number) => ({
    httpGet: { path, port: "http" },
    periodSeconds,
    timeoutSeconds: 3,
  });
  const deployment = new k8s.apps.v1.Deployment(
    name,
    {
      metadata: { name, namespace: scope.namespace, labels: labelsOf(name) },
      spec: {
        ...(folders.length > 0 && { strategy: { type: "Recreate" } }),
        // Left to the scaler where there is one.
        ...(!scales && { replicas }),
        selector: { matchLabels: labelsOf(name) },
        template: podTemplate(
          name,
          {
            image,
            env: [
              ...Object.entries({ ...env, HOST: "0.0.0.0", NODE_ENV: "production" }).map(([key, value]) => ({
                name: key,
                value,
              })),
              ...folders.map(({ variable, name }) => ({ name: variable, value: `${dataFolder}/${name}` })),
              ...(usesKafka ? [fromSecret("KAFKA_PASSWORD", kafkaSecret(principal.name), "password")] : []),
              ...(usesPostgres
                ? [fromSecret("PGPASSWORD", upstream?.secret ?? postgresSecret(principal.name), "password")]
                : []),
            ],
            ports: [{ name: "http", containerPort: port }],
            startupProbe: { ...probe("/health/live", 1), failureThreshold: 60 },
            livenessProbe: { ...probe("/health/live", 10), failureThreshold: 3 },
            readinessProbe: probe("/health/ready", 5),
            resources: requirements(apps.container),
            volumeMounts: [
              ...caMounts(cas),
              ...lakeMounts(planned),
              ...folders.map(({ name }) => ({ name: `folder-${name}`, mountPath: `${dataFolder}/${name}` })),
            ],
          },
          {
            volumes: [
              ...caVolumes(cas),
              ...lakeVolumes(planned),
              ...folders.map(({ name, claim }) => ({
                name: `folder-${name}`,
                persistentVolumeClaim: { claimName: claim.metadata.name },
              })),
            ],
            terminationGracePeriodSeconds: 45,
          },
        ),
      },
    },
    after(scope, [...needs, ...folders.map(({ claim }) => claim)]),
  );
  disruptionBudget(scope, name, replicas, needs);
  if (scales) lagScaler(scope, planned, principal, deployment);
  const service = new k8s.core.v1.Service(
    name,
    {
      metadata: { name, namespace: scope.namespace, labels: labelsOf(name) },
      spec: { selector: labelsOf(name), ports: [{ name: "http", port, targetPort: "http" }] },
    },
    after(scope, [deployment]),
  );
  if (args.domain !== "" && planned.publicPaths.length > 0) ingress(scope, planned, args.domain, service);
  return service;
}

/** Below it lie the folders that an app owns. */
const dataFolder = "/mnt/data";

/** A folder as a volume; where data is protected it cannot be deleted by mistake. */
function claim(scope: Scope, name: string, needs: AppArgs["needs"]) {
  const claimName = `folder-${name}`;
  return new k8s.core.v1.PersistentVolumeClaim(
    claimName,
    {
      metadata: {
        name: claimName,
        namespace: scope.namespace,
        // It is bound when the first pod wants it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: scope.sizes.postgres.storage } } },
    },
    holdsData(scope, needs),
  );
}

/** The declared paths, and no others, at `<app>.<domain>`, with a certificate of the cluster's issuer `millrace`. */
function ingress(scope: Scope, { name, publicPaths }: AppPlan, domain: string, service: k8s.core.v1.Service) {
  const host = `${name}.${domain}`;
  const backend = { service: { name, port: { name: "http" } } };
  return new k8s.networking.v1.Ingress(
    name,
    {
      metadata: {
        name,
        namespace: scope.namespace,
        labels: labelsOf(name),
        annotations: { "cert-manager.io/cluster-issuer": "millrace", "pulumi.com/skipAwait": "true" },
      },
      spec: {
        tls: [{ hosts: [host], secretName: `${name}-tls` }],
        rules: [
          {
            host,
            http: {
              paths: publicPaths.map((path) => ({ path, pathType: path === "/" ? "Exact" : "Prefix", backend })),
            },
          },
        ],
      },
    },
    after(scope, [service]),
  );
}

const topicsRead = ({ kafka }: PrincipalPlan) =>
  kafka
    .filter(({ resource, operations }) => resource === "topic" && operations.includes("Read"))
    .map(({ name }) => name);

/** Records that wait for one replica before another is started. */
const lagThreshold = 1000;

/**
 * Replicas follow the lag of the app's consumer group, as KEDA reads it from Kafka, with the app's own login. An autoscaler of Kubernetes' own would need an adapter
 * that serves metrics of Prometheus, and a lag that is as late as its scrapes.
 */
function lagScaler(scope: Scope, planned: AppPlan, principal: PrincipalPlan, deployment: k8s.apps.v1.Deployment) {
  const { name, env } = planned;
  const { replicas, maxReplicas } = scope.sizes.apps;
  const login = new k8s.core.v1.Secret(
    `${name}-scaler`,
    {
      metadata: { name: `${name}-scaler`, namespace: scope.namespace, labels: labelsOf(name) },
      stringData: { sasl: "scram_sha512", tls: "enable", username: principal.name },
    },
    after(scope, [deployment]),
  );
  const fromTarget = (parameter: string, secret: string, key = parameter) => ({ parameter, name: secret, key });
  const authentication = custom(
    scope,
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      name,
      spec: {
        secretTargetRef: [
          ...["sasl", "tls", "username"].map((parameter) => fromTarget(parameter, `${name}-scaler`)),
          fromTarget("password", kafkaSecret(principal.name)),
          fromTarget("ca", kafkaCa, "ca.crt"),
        ],
      },
    },
    after(scope, [login]),
  );
  return custom(
    scope,
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      name,
      spec: {
        scaleTargetRef: { name },
        minReplicaCount: replicas,
        maxReplicaCount: maxReplicas,
        pollingInterval: 15,
        cooldownPeriod: 300,
        triggers: topicsRead(principal).map((topic) => ({
          type: "kafka",
          metadata: {
            bootstrapServers: env.KAFKA_BOOTSTRAP,
            consumerGroup: principal.name,
            topic,
            lagThreshold: String(lagThreshold),
            offsetResetPolicy: "earliest",
          },
          authenticationRef: { name },
        })),
      },
      waitFor: "condition=Ready",
    },
    after(scope, [deployment, authentication]),
  );
}
