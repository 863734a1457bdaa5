import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeIfEmpty } from "./folder";
import type { StackPaths } from "./paths";
import { bootId, identify, isAlive } from "./process-table";
import { pause } from "./until";

const CLAIM_TIMEOUT_MS = 15_000;

/**
 * Makes this process the only supervisor of the stack. Each contender puts down a file that names itself, then looks for others: one that finds
 * another alive takes its file back and tries again later. Of two at once so at most one stays, and as a file is never anyone else's,
 * one left by a dead supervisor can be removed without a race.
 * @param served whether a supervisor answers on the stack's socket.
 * @returns false when another one serves the stack.
 * @throws Error when another one holds the claim, but does not answer, for 15 s.
 */
export async function claim(stack: StackPaths, served: () => Promise<boolean>): Promise<boolean> {
  const own = ownClaim(stack);
  for (const end = Date.now() + CLAIM_TIMEOUT_MS; ; ) {
    mkdirSync(stack.run, { recursive: true, mode: 0o700 });
    if (putDown(own) && rivals(stack, own).length === 0) return true;
    rmSync(own, { force: true });
    if (await served()) return false;
    if (Date.now() > end) {
      const pids = rivals(stack, own).map((pid) => `pid ${pid}`);
      throw new Error(
        `another supervisor of ${stack.root} runs (${pids.join(", ")}), but does not answer on ${stack.socket}`,
      );
    }
    await pause(20 + Math.random() * 80);
  }
}

/** False when someone removed the stack's folder below us. */
export function isClaimed(stack: StackPaths): boolean {
  return existsSync(ownClaim(stack));
}

/** Leaves nothing in `run/`, unless the next supervisor is there already. */
export function releaseClaim(stack: StackPaths): void {
  const own = ownClaim(stack);
  if (!existsSync(own)) return;
  rmSync(join(stack.run, "key"), { force: true });
  rmSync(own);
  removeIfEmpty(stack.run);
}

const SUFFIX = ".claim";

/** The name says who it is, so that the file is whole as soon as it is there. */
function ownClaim(stack: StackPaths): string {
  const { pid, start } = identify(process.pid) ?? { pid: process.pid, start: "" };
  return join(stack.run, `${[pid, boot(), encodeURIComponent(start)].join("_")}${SUFFIX}`);
}

/** False when the folder was removed by a supervisor that just ended. */
function putDown(path: string): boolean {
  try {
    writeFileSync(path, "", { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

function rivals(stack: StackPaths, own: string): number[] {
  const paths = existsSync(stack.run) ? readdirSync(stack.run).map((name) => join(stack.run, name)) : [];
  return paths.flatMap((path) => {
    if (!path.endsWith(SUFFIX) || path === own) return [];
    const [pid, itsBoot, start] = path.slice(stack.run.length + 1, -SUFFIX.length).split("_");
    const alive = itsBoot === boot() && isAlive({ pid: Number(pid), start: decodeURIComponent(start ?? "") });
    if (!alive) rmSync(path, { force: true });
    return alive ? [Number(pid)] : [];
  });
}

function boot(): string {
  return createHash("sha256").update(bootId()).digest("hex").slice(0, 8);
}
