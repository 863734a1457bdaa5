import { hostname } from "node:os";
import type { Stack } from "@pulumi/pulumi/automation";
import type { ResourceChange } from "../plan/report";
import { progress } from "../progress";
import { recordType } from "../record";

export const say = (line: string): void => void process.stderr.write(`${line}\n`);
export const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

type OnEvent = ReturnType<typeof progress>["onEvent"];

/**
 * Runs one operation of the engine, shows what it does, and what went wrong without the engine's own noise. A lock left by a command that was killed is taken away.
 *
 * @returns how many resources were created, updated and so on; undefined when it failed, which has been said
 */
export async function operate(
  what: string,
  stack: Stack,
  act: (onEvent: OnEvent) => Promise<unknown>,
): Promise<Record<string, number> | undefined> {
  const since = Date.now();
  for (let attempt = 1; ; attempt++) {
    const { onEvent, errors, counts } = progress(say);
    try {
      await act(onEvent);
    } catch (error) {
      const message = (error as Error).message;
      if (attempt === 1 && isLeftLocked(message)) {
        say("The command before was killed while it worked; its lock is taken away.");
        await stack.cancel();
        continue;
      }
      const found = errors().length > 0 ? errors() : [message];
      say(`\n${what} failed after ${seconds(since)}:\n`);
      for (const one of found) say(`  ${one.replace(/\n/g, "\n  ")}\n`);
      return undefined;
    }
    const summary = Object.entries(counts).map(([operation, count]) => `${count} ${operation}`);
    say(`${what}: ${summary.join(", ") || "nothing to change"}, ${seconds(since)}`);
    return counts;
  }
}

const operations: Readonly<Record<string, ResourceChange["operation"]>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
};

/** Collects from the engine's events what happens to which resource. */
export function resourceChanges() {
  const changes: ResourceChange[] = [];
  const onEvent: OnEvent = ({ resourcePreEvent }) => {
    const operation = operations[resourcePreEvent?.metadata.op ?? ""];
    if (!operation || !resourcePreEvent) return;
    const { type, urn } = resourcePreEvent.metadata;
    if (type !== "pulumi:pulumi:Stack" && type !== recordType)
      changes.push({ operation, type, name: urn.split("::").slice(3).join("::") });
  };
  return { onEvent, changes };
}

/** Whether the back end's lock is that of a process of this machine that is no more. */
function isLeftLocked(message: string): boolean {
  if (!message.includes("currently locked by")) return false;
  const holders = [...message.matchAll(/created by \S+@(\S+) \(pid (\d+)\)/g)];
  return holders.length > 0 && holders.every(([, host, pid]) => host === hostname() && !isAlive(Number(pid)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
