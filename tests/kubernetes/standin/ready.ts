import type { KubeObject } from "./api";

/** What Pulumi's provider for Kubernetes waits for, as far as this project's objects need it: undefined when the object is ready, else what it lacks. */
export function lacks(object: KubeObject): string | undefined {
  const waitFor = object.metadata.annotations?.["pulumi.com/waitFor"];
  if (waitFor) return waitFor.startsWith("[") ? first(JSON.parse(waitFor), object) : lacksWaited(waitFor, object);
  const { spec, status = {} } = object;
  switch (object.kind) {
    case "Deployment": {
      const wanted = spec.replicas ?? 1;
      if (status.observedGeneration !== object.metadata.generation) return "its controller has not seen it";
      if ((status.updatedReplicas ?? 0) < wanted || (status.availableReplicas ?? 0) < wanted)
        return `${status.availableReplicas ?? 0} of ${wanted} replicas available`;
      return undefined;
    }
    case "Job":
      if (status.failed > (spec.backoffLimit ?? 6)) throw new Error(`job ${object.metadata.name} failed`);
      return status.succeeded >= (spec.completions ?? 1) ? undefined : "not complete";
    case "PersistentVolumeClaim":
      return undefined;
    default:
      return undefined;
  }
}

const first = (all: string[], object: KubeObject) =>
  all.map((one) => lacksWaited(one, object)).find((lack) => lack !== undefined);

/** `condition=Ready`, `jsonpath={.status.a.b}=value` */
function lacksWaited(waitFor: string, object: KubeObject): string | undefined {
  const condition = /^condition=(\w+)(?:=(\w+))?$/.exec(waitFor);
  if (condition) {
    const [, type, wanted = "True"] = condition;
    const conditions: { type: string; status: string }[] = object.status?.conditions ?? [];
    return conditions.some((one) => one.type === type && one.status === wanted) ? undefined : waitFor;
  }
  const path = /^jsonpath=\{(\.[\w.]+)\}(?:=(.+))?$/.exec(waitFor);
  if (!path) throw new Error(`pulumi.com/waitFor: ${waitFor} is neither a condition nor a JSON path`);
  // biome-ignore lint/suspicious/noExplicitAny: any path
  let value: any = object;
  for (const step of (path[1] as string).slice(1).split(".")) value = value?.[step];
  const isThere = path[2] === undefined ? value !== undefined : String(value) === path[2];
  return isThere ? undefined : waitFor;
}
