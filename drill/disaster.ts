import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench/stack";
import { recordedPids, supervisorOf } from "../infra/local/supervisor/client";
import { openStack } from "../infra/workspace";

/**
 * Kills everything of the stack with −9 at once, and removes all its files and its state; the backup lies elsewhere.
 *
 * @returns when it struck, epoch ms
 */
export async function strike(stack: Bench): Promise<number> {
  const names = ((await supervisorOf(stack.root).status({ memory: false })) ?? []).map(({ name }) => name);
  const pids = (await Promise.all(names.map((name) => recordedPids(stack.root, name)))).flat();
  const all = [...supervisorPids(stack.root), ...pids];
  const at = Date.now();
  for (const pid of all) kill(pid);
  await stack.until("all processes are gone", async () => !all.some(isAlive));
  rmSync(stack.root, { recursive: true, force: true });
  const opened = await openStack(stack.name, readFileSync(stack.configFile, "utf8"), async () => ({}));
  await opened.workspace.removeStack(stack.name, { force: true });
  rmSync(join(opened.workspace.workDir, `Pulumi.${stack.name}.yaml`), { force: true });
  return at;
}

/** First, so that it starts nothing again; its claim is named after it. */
function supervisorPids(root: string): number[] {
  const claims = readdirSync(join(root, "run")).filter((name) => name.endsWith(".claim"));
  return claims.map((name) => Number(name.split("_")[0]));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** What has ended but was not fetched by its parent yet, `Z`, counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
