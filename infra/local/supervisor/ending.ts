import { type Group, isAlive, membersOf } from "./process-table";
import type { ProcessSpec } from "./protocol";
import { until } from "./until";

const STOP_TIMEOUT_MS = 10_000;
/** A killed process goes at once, unless the kernel itself waits for something. */
const KILL_TIMEOUT_MS = 10_000;

/** Asks the leader to stop, and kills what is left after the time given for it. Resolves when all of the group is gone. */
export async function endGroup(
  group: Group,
  stop: ProcessSpec["stop"],
  say: (line: string) => void = () => {},
): Promise<void> {
  const { leader } = group;
  const signal = stop?.signal ?? "SIGTERM";
  const limitMs = stop?.timeoutMs ?? STOP_TIMEOUT_MS;
  if (isAlive(leader)) {
    send(leader.pid, signal);
    send(leader.pid, "SIGCONT"); // a halted process would never get it
    const ended = await until(() => !isAlive(leader), { limitMs, everyMs: 20 });
    if (!ended) say(`did not stop within ${limitMs / 1000} s of ${signal}: killed`);
  }
  await killGroup(group);
}

/**
 * Kills whatever of the group runs, and waits until it is gone.
 * @throws Error when something is still there after 10 s.
 */
export async function killGroup(group: Group): Promise<void> {
  const allGone = () => {
    const left = membersOf(group);
    for (const { pid } of left) send(pid, "SIGKILL");
    return left.length === 0;
  };
  if (await until(allGone, { limitMs: KILL_TIMEOUT_MS, everyMs: 10 })) return;
  const pids = membersOf(group).map(({ pid }) => pid);
  if (pids.length > 0)
    throw new Error(`pid ${pids.join(", ")} did not go within ${KILL_TIMEOUT_MS / 1000} s of SIGKILL`);
}

/** To a process that may be gone by now. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone meanwhile
  }
}
