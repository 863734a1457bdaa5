import { request } from "../http";
import type { Keeper, ProcessSpec } from "./protocol";

/** Failed tasks are started again at most this often in a row, with growing pauses; then a person must look. As Strimzi's autoRestart. */
const maxRestarts = 7;

interface Status {
  readonly connector: { readonly state: string };
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

/**
 * Restarts the failed tasks of a Kafka Connect worker, as Strimzi's `autoRestart` does on Kubernetes: what passes (a database that was away) mends
 * itself, what does not (a change that breaks a contract) stays FAILED for `status` to show. Listens in on what processes are asked for, and answers
 * nothing itself.
 */
export function createConnectors(log: (line: string) => void): Keeper {
  /** Process to the URL of its worker. */
  const workers = new Map<string, string>();
  const tries = new Map<string, { count: number; notBefore: number; healthySince?: number }>();
  let looking = false;

  async function look(url: string): Promise<void> {
    const all = await request<Record<string, { status: Status }>>(
      "GET",
      `${url}/connectors?expand=status`,
      undefined,
      5000,
    );
    for (const [name, { status }] of Object.entries(all)) {
      const seen = tries.get(name) ?? { count: 0, notBefore: 0 };
      tries.set(name, seen);
      const failed = [status.connector, ...status.tasks].some((part) => part.state === "FAILED");
      if (!failed) {
        seen.healthySince ??= Date.now();
        if (Date.now() - seen.healthySince > 20_000) seen.count = 0;
        continue;
      }
      seen.healthySince = undefined;
      if (seen.count >= maxRestarts || Date.now() < seen.notBefore) continue;
      seen.count++;
      seen.notBefore = Date.now() + Math.min(60_000, 1000 * 2 ** seen.count);
      log(`connector ${name} has failed: restart ${seen.count} of ${maxRestarts}`);
      await request("POST", `${url}/connectors/${name}/restart?includeTasks=true&onlyFailed=true`);
    }
  }

  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    for (const url of workers.values()) await look(url).catch(() => {});
    looking = false;
  }, 1000);
  return {
    handle({ method, params }) {
      const { spec = params as ProcessSpec } = (method === "takeOver" ? params : {}) as { spec?: ProcessSpec };
      if ((method === "ensure" || method === "takeOver") && spec.keeps) workers.set(spec.name, spec.keeps.connectors);
      if (method === "remove") workers.delete((params as { name: string }).name);
      return undefined;
    },
    busy: () => false,
    stop: async () => clearInterval(timer),
    handOver: () => [],
  };
}
