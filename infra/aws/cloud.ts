import type { Repository } from "@pulumi/aws/ecr/repository";
import type { Cluster } from "@pulumi/aws/eks/cluster";
import { getAvailabilityZonesOutput } from "@pulumi/aws/getAvailabilityZones";
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import type { Provider } from "@pulumi/aws/provider";
import type { Bucket } from "@pulumi/aws/s3/bucket";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config";
import { environments } from "../environments";
import { type BucketName, buckets, planObjectAccess } from "../plan/cloud-access";
import type { Plan } from "../plan/types";
import { bucket } from "./buckets";
import { cluster } from "./cluster";
import { type Dns, dns } from "./dns";
import { identity } from "./identity";
import { repository } from "./images";
import { key } from "./key";
import { network } from "./network";
import { objectPolicy } from "./object-access";
import type { Scope } from "./scope";
import { readSecrets, secret } from "./secrets";

export interface CloudArgs {
  readonly stack: string;
  readonly config: StackConfig;
  readonly plan: Plan;
  readonly provider: Provider;
  /** Names of our images. */
  readonly images: readonly string[];
  /** Names of secrets that a person puts in. */
  readonly secrets: readonly string[];
}

/** Who reads secrets for the cluster. */
export const secretReader = { namespace: "external-secrets", serviceAccount: "external-secrets" } as const;

/** What the platform stands on, on AWS: network, cluster, images, buckets, identities, names. */
export class Cloud extends pulumi.ComponentResource {
  readonly cluster: Cluster;
  readonly buckets: Readonly<Record<BucketName, Bucket>>;
  readonly repositories: readonly Repository[];
  readonly dns: Dns | undefined;
  /** Beginning of the names of our images. */
  readonly imagePrefix: pulumi.Output<string>;

  constructor(name: string, args: CloudArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("millrace:aws:Cloud", name, {}, opts);
    const { config, plan, provider } = args;
    const asked = { parent: this, provider };
    const account = getCallerIdentityOutput({}, asked).accountId;
    const zones = getAvailabilityZonesOutput({ state: "available" }, asked).names;
    const scope: Scope = {
      name: `millrace-${args.stack}`,
      region: config.region,
      account,
      sizes: environments[config.environment],
      parent: this,
      provider,
    };
    const ours = key(scope);
    const net = network(scope, zones, ours.arn);
    this.cluster = cluster(scope, { network: net, key: ours.arn, access: config.clusterAccess });
    this.buckets = Object.fromEntries(buckets.map((kind) => [kind, bucket(scope, kind, ours.arn)])) as Record<
      BucketName,
      Bucket
    >;
    this.repositories = args.images.map((image) => repository(scope, image, ours.arn));
    this.imagePrefix = pulumi.interpolate`${account}.dkr.ecr.${config.region}.amazonaws.com/${scope.name}`;
    const access = planObjectAccess(plan, scope.sizes.postgres.backupDays > 0);
    for (const workload of new Set(access.map((one) => one.workload))) {
      const its = access.filter((one) => one.workload === workload);
      const policy = objectPolicy(its, this.buckets, ours.arn, config.region);
      const { namespace } = config;
      identity(scope, workload, { cluster: this.cluster.name, namespace, serviceAccount: workload, policy });
    }
    const secrets = [...new Set(args.secrets)].map((one) => secret(scope, one, ours.arn));
    if (secrets.length > 0) {
      const policy = readSecrets(secrets, ours.arn, config.region);
      identity(scope, "secrets", { cluster: this.cluster.name, ...secretReader, policy });
    }
    this.dns = config.domain === "" ? undefined : dns(scope, config.domain);
    this.registerOutputs({});
  }
}
