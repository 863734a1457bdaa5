import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config";
import { secretReader } from "./cloud";

/** Volumes are encrypted, grow in place, and are made in the zone of the pod that wants them. */
export function storageClass(opts: pulumi.CustomResourceOptions): k8s.storage.v1.StorageClass {
  return new k8s.storage.v1.StorageClass(
    "gp3",
    {
      metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true" },
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    },
    opts,
  );
}

const store = "secrets-manager";
const apiVersion = "external-secrets.io/v1";

/**
 * Keeps each secret of an upstream as a secret of the platform's namespace, under its own name. They are made as soon as the namespace is there.
 *
 * @param prefix of the names in Secrets Manager
 */
export function syncSecrets(
  { upstreams, namespace, region }: StackConfig,
  prefix: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const names = [...new Set(Object.values(upstreams).map(({ secret }) => secret))];
  if (names.length === 0) return [];
  const operator = new k8s.helm.v3.Release(
    "external-secrets",
    {
      name: "external-secrets",
      chart: "external-secrets",
      version: "0.20.4",
      namespace: secretReader.namespace,
      createNamespace: true,
      repositoryOpts: { repo: "https://charts.external-secrets.io" },
      values: { serviceAccount: { name: secretReader.serviceAccount } },
      atomic: true,
      timeout: 600,
    },
    opts,
  );
  const from = new k8s.apiextensions.CustomResource(
    store,
    {
      apiVersion,
      kind: "ClusterSecretStore",
      metadata: { name: store },
      spec: {
        provider: { aws: { service: "SecretsManager", region } },
        // Only the platform's namespace may ask.
        conditions: [{ namespaces: [namespace] }],
      },
    },
    { ...opts, dependsOn: operator },
  );
  return names.map(
    (name) =>
      new k8s.apiextensions.CustomResource(
        `secret-${name}`,
        {
          apiVersion,
          kind: "ClusterExternalSecret",
          metadata: { name: `${namespace}-${name}` },
          spec: {
            externalSecretName: name,
            namespaceSelectors: [{ matchLabels: { "kubernetes.io/metadata.name": namespace } }],
            refreshTime: "5m",
            externalSecretSpec: {
              refreshInterval: "5m",
              secretStoreRef: { kind: "ClusterSecretStore", name: store },
              target: { name, creationPolicy: "Owner" },
              data: [{ secretKey: "password", remoteRef: { key: `${prefix}/${name}`, property: "password" } }],
            },
          },
        },
        { ...opts, dependsOn: from },
      ),
  );
}
