import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { EnvironmentName } from "../environments";
import { projectRoot } from "../paths";
import { namespace } from "./namespace";

/** A Helm chart, pinned; its values are `helm-values/<name>.yaml`, and over them those of the environment, `helm-values/<name>.<environment>.yaml`. */
interface Chart {
  readonly name: string;
  readonly repository: string;
  readonly version: string;
  /** Installed first: it signs what the others serve. */
  readonly needs?: readonly string[];
  /** Whether its pods keep to the restricted Pod Security Standard. Node exporters look at the node, which it forbids. */
  readonly restricted: boolean;
}

export const charts: readonly Chart[] = [
  { name: "cert-manager", repository: "https://charts.jetstack.io", version: "v1.19.2", restricted: true },
  {
    name: "strimzi-kafka-operator",
    repository: "https://strimzi.io/charts",
    version: "1.2.0",
    restricted: true,
  },
  {
    name: "flink-kubernetes-operator",
    repository: "https://archive.apache.org/dist/flink/flink-kubernetes-operator-1.15.0",
    version: "1.15.0",
    needs: ["cert-manager"],
    restricted: true,
  },
  {
    name: "cloudnative-pg",
    repository: "https://cloudnative-pg.github.io/charts",
    version: "0.27.0",
    restricted: true,
  },
  {
    name: "plugin-barman-cloud",
    repository: "https://cloudnative-pg.github.io/charts",
    version: "0.7.0",
    needs: ["cert-manager", "cloudnative-pg"],
    restricted: true,
  },
  { name: "keda", repository: "https://kedacore.github.io/charts", version: "2.18.1", restricted: true },
  {
    name: "kube-prometheus-stack",
    repository: "https://prometheus-community.github.io/helm-charts",
    version: "77.12.0",
    restricted: false,
  },
];

/** What a chart is installed with. */
export function valuesOf(chart: string, environment: EnvironmentName): Record<string, unknown> {
  const read = (name: string) => {
    const file = join(projectRoot, "helm-values", `${name}.yaml`);
    return existsSync(file) ? ((parse(readFileSync(file, "utf8")) as Record<string, unknown> | null) ?? {}) : {};
  };
  return merged(read(chart), read(`${chart}.${environment}`));
}

/** As Helm does it: maps are merged, everything else is replaced. */
function merged(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(over).map(([key, value]) => {
    const former = base[key];
    return [key, isMap(former) && isMap(value) ? merged(former, value) : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

export const operatorsNamespace = (platform: string) => `${platform}-operators`;

/** The operators, in a namespace of their own beside the platform's. @returns what has to be there before the first of their objects */
export function installOperators(
  platform: string,
  environment: EnvironmentName,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const releases = new Map<string, pulumi.Resource>();
  const spaces = new Map<boolean, k8s.core.v1.Namespace>();
  const spaceOf = (restricted: boolean) => {
    const name = restricted ? operatorsNamespace(platform) : `${platform}-monitoring`;
    const level = restricted ? "restricted" : "privileged";
    const made = spaces.get(restricted) ?? namespace(name, { "pod-security.kubernetes.io/enforce": level }, {}, opts);
    spaces.set(restricted, made);
    return made;
  };
  for (const { name, repository, version, needs = [], restricted } of charts) {
    const space = spaceOf(restricted);
    releases.set(
      name,
      new k8s.helm.v3.Release(
        name,
        {
          name,
          chart: name,
          version,
          namespace: space.metadata.name,
          repositoryOpts: { repo: repository },
          values: valuesOf(name, environment),
          // Half an installation is none.
          atomic: true,
          timeout: 600,
        },
        { ...opts, dependsOn: needs.map((need) => releases.get(need) as pulumi.Resource) },
      ),
    );
  }
  return [...releases.values()];
}
