import type { Policy } from "./policy";
import { isObject, type Registered, walk } from "./resource";

type PodSpec = Record<string, unknown> & { containers: unknown[] };
type Container = Record<string, unknown>;

/** Pods of Kubernetes' own kinds, and templates of pods in objects of operators. */
function* podsOf({ type, props }: Registered): Generator<[path: string, pod: PodSpec]> {
  if (!type.startsWith("kubernetes:")) return;
  for (const [path, value] of walk(props)) {
    if (isObject(value) && Array.isArray(value.containers)) yield [path, value as PodSpec];
  }
}

function* containersOf(resource: Registered): Generator<[path: string, container: Container]> {
  for (const [path, pod] of podsOf(resource)) {
    for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
      for (const [index, container] of ((pod[list] as unknown[] | undefined) ?? []).entries()) {
        if (isObject(container)) yield [`${path}.${list}[${index}]`, container];
      }
    }
  }
}

export const noPrivilegedPod: Policy = {
  name: "no privileged pod",
  *check(resource) {
    for (const [path, pod] of podsOf(resource)) {
      for (const key of ["hostNetwork", "hostPID", "hostIPC"]) {
        if (pod[key] === true) yield { path: `${path}.${key}`, message: "It shares the node's.", fix: "Leave it out." };
      }
      for (const [index, volume] of ((pod.volumes as unknown[] | undefined) ?? []).entries()) {
        if (isObject(volume) && volume.hostPath) {
          const at = `${path}.volumes[${index}]`;
          yield { path: at, message: "It mounts a folder of the node.", fix: "Use a claim, or an emptyDir." };
        }
      }
    }
    for (const [path, { securityContext: context }] of containersOf(resource)) {
      if (!isObject(context)) continue;
      const at = `${path}.securityContext`;
      if (context.privileged === true) {
        yield { path: `${at}.privileged`, message: "It has every right on its node.", fix: "Leave it out." };
      }
      if (context.allowPrivilegeEscalation === true) {
        const fix = "Set it to false.";
        yield { path: `${at}.allowPrivilegeEscalation`, message: "It may become more than it is.", fix };
      }
      if (context.runAsUser === 0)
        yield { path: `${at}.runAsUser`, message: "It runs as root.", fix: "Choose a user." };
      const { add } = isObject(context.capabilities) ? context.capabilities : {};
      if (Array.isArray(add) && add.length > 0) {
        yield { path: `${at}.capabilities.add`, message: `It is given ${add.join(", ")}.`, fix: "Leave it out." };
      }
    }
  },
};

/** Where objects of operators say what their containers may use, and how. */
const operatorLimits: Readonly<Record<string, readonly string[]>> = {
  KafkaNodePool: ["spec.resources"],
  KafkaConnect: ["spec.resources"],
  Cluster: ["spec.resources"],
  FlinkDeployment: ["spec.jobManager.resource", "spec.taskManager.resource"],
};

export const limitsEverywhere: Policy = {
  name: "limits everywhere",
  *check(resource) {
    const fix = "Take its resources from infra/environments.ts.";
    const isOperators = /^kubernetes:[\w-]+\.[\w.-]+\/[^:]+:/.test(resource.type) && !/\.k8s\.io\//.test(resource.type);
    for (const [path, { resources }] of isOperators ? [] : containersOf(resource)) {
      const limits = isObject(resources) && isObject(resources.limits) ? resources.limits : {};
      for (const kind of ["cpu", "memory"]) {
        if (limits[kind] === undefined) {
          yield { path: `${path}.resources.limits.${kind}`, message: `It may use all ${kind} of its node.`, fix };
        }
      }
    }
    const kind = resource.type.split(":").pop() ?? "";
    for (const path of isOperators ? (operatorLimits[kind] ?? []) : []) {
      const given = path.split(".").reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), resource.props);
      const limits = isObject(given) && isObject(given.limits) ? given.limits : given;
      for (const what of ["cpu", "memory"]) {
        if (!isObject(limits) || limits[what] === undefined) {
          yield { path: `${path}.${what}`, message: `Its pods may use all ${what} of their nodes.`, fix };
        }
      }
    }
  },
};

/** A digest, or a tag that is made of the content: at least 12 hexadecimal digits. */
const isPinned = (image: string) => /@sha256:[0-9a-f]{64}$/.test(image) || /:([\w.-]+-)?[0-9a-f]{12,64}$/.test(image);

/** Images that somebody else publishes and whose tags name one release. A waiver that nothing needs fails a test. */
export const imageWaivers: readonly { readonly prefix: string; readonly reason: string }[] = [
  {
    prefix: "ghcr.io/cloudnative-pg/postgresql:",
    reason: "the operator reads Postgres' version from the tag, and minor releases are rebuilt for security fixes",
  },
];

export const imagesPinned: Policy = {
  name: "no image without digest or content tag",
  *check({ type, props }) {
    if (!type.startsWith("kubernetes:")) return;
    for (const [path, value] of walk(props)) {
      const isImage = /(^|\.)(image|imageName)$/.test(path) && typeof value === "string";
      if (!isImage || isPinned(value) || imageWaivers.some(({ prefix }) => value.startsWith(prefix))) continue;
      const fix = "Name it by its digest (…@sha256:…), or by a tag made of its content.";
      yield { path, message: `What ${JSON.stringify(value)} is may change without anyone changing it.`, fix };
    }
  },
};
