import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Environment, EnvironmentName } from "../environments";

/** What every part of the platform is made with. */
export interface Scope {
  readonly namespace: string;
  readonly environment: EnvironmentName;
  readonly sizes: Environment;
  /** Buckets for what has to outlive volumes; without, state of jobs is kept on volumes, and there are no backups. */
  readonly buckets?: Buckets | undefined;
  readonly parent: pulumi.Resource;
  readonly provider: k8s.Provider;
}

/** URLs like `s3://bucket/path`, without a slash at the end. Pods are let in by the names of their service accounts: `serviceAccounts`. */
export interface Buckets {
  /** Checkpoints and savepoints. */
  readonly state: pulumi.Input<string>;
  /** Base backups and logs of Postgres. */
  readonly backups: pulumi.Input<string>;
}

type Needs = readonly (pulumi.Resource | undefined)[];

/** Options of a resource that comes after others. */
export const after = (scope: Scope, needs: Needs = [], more: pulumi.CustomResourceOptions = {}) => ({
  parent: scope.parent,
  provider: scope.provider,
  dependsOn: needs.filter((need) => need !== undefined) as pulumi.Resource[],
  ...more,
});

/** What holds data is not deleted by mistake where the environment says so. */
export const holdsData = (scope: Scope, needs: Needs = []) => after(scope, needs, { protect: scope.sizes.protect });

interface CustomArgs {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: object;
  /** What is waited for, in the words of `kubectl wait`; default nothing. */
  readonly waitFor?: string;
}

/** An object of an operator. Its logical name is its kind and name. */
export function custom(scope: Scope, args: CustomArgs, opts: pulumi.CustomResourceOptions) {
  const { apiVersion, kind, name, labels, spec, waitFor } = args;
  const annotations = { ...args.annotations, ...(waitFor && { "pulumi.com/waitFor": waitFor }) };
  return new k8s.apiextensions.CustomResource(
    `${kind.toLowerCase()}-${name}`,
    {
      apiVersion,
      kind,
      metadata: {
        name,
        namespace: scope.namespace,
        ...(labels && { labels: { ...labels } }),
        ...(Object.keys(annotations).length > 0 && { annotations }),
      },
      spec,
    },
    opts,
  );
}

export const ready = "condition=Ready";
