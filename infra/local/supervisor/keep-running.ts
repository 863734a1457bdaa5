import { UserError } from "../../plan/problems";
import { type Ending, live } from "./life";
import { lastLines, note, sizeOf } from "./logs";
import { failed, type Managed, rejectWaiters, tell } from "./managed";
import { logOf } from "./paths";
import type { ProcessSpec } from "./protocol";
import { pause } from "./until";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
const HEALTHY_MS = 30_000;
/** While someone waits; when nobody does, it is tried forever. */
const MOST_STARTS = 3;
const SHOWN_LINES = 20;

/** `firstReadyAt` and `waiters`: of what it follows. */
export type Beginning = Pick<Managed, "stack" | "spec" | "hash" | "ensuredAt" | "firstReadyAt"> &
  Partial<Pick<Managed, "waiters">>;

/** Starts (or adopts) the process and keeps it running until it is told to stop, or given up while someone waits for it. */
export function keepRunning(beginning: Beginning): Managed {
  const stopping = new AbortController();
  const managed: Managed = {
    ...beginning,
    waiters: beginning.waiters ?? new Set(),
    stopping,
    stopped: new Promise((resolve) => stopping.signal.addEventListener("abort", () => resolve())),
    hurry: new AbortController(),
    state: "starting",
    restarts: 0,
    failedStarts: 0,
    pauses: 0,
    loop: Promise.resolve(),
  };
  managed.loop = loop(managed);
  return managed;
}

/** Ends the process; those who wait for it are told, unless they wait for what comes after it. */
export async function stop(managed: Managed): Promise<void> {
  managed.stopping.abort();
  await managed.loop;
}

async function loop(managed: Managed): Promise<void> {
  const { stack, spec, stopping } = managed;
  const log = logOf(stack, spec.name);
  const from = sizeOf(log);
  for (;;) {
    const ending = await live(managed);
    if (stopping.signal.aborted) break;
    managed.lastExit = ending.how;
    managed.failedStarts = ending.readyForMs === undefined ? managed.failedStarts + 1 : 0;
    if (wasHealthy(ending)) managed.pauses = 0;
    const verdict = managed.waiters.size > 0 && givenUp(managed, ending, from);
    if (verdict) {
      note(log, `${spec.name} ${ending.how}; stopped`);
      managed.state = "stopped";
      rejectWaiters(managed, verdict);
      return;
    }
    const pauseMs = pauseBefore(managed.pauses++);
    managed.state = "backing-off";
    managed.hurry = new AbortController();
    note(log, `${spec.name} ended: ${ending.how}; starts again in ${pauseMs / 1000} s`);
    tell(managed, `ended: ${ending.how}; starts again in ${pauseMs / 1000} s`);
    await pause(pauseMs, AbortSignal.any([stopping.signal, managed.hurry.signal]));
    if (stopping.signal.aborted) break;
    managed.restarts++;
  }
  note(log, `${spec.name} stopped`);
  managed.state = "stopped";
  rejectWaiters(
    managed,
    failed(managed, "was stopped, removed or given another spec before it was ready.", "SUPERSEDED"),
  );
}

/** Milliseconds before a start, after so many others since it was healthy. */
export function pauseBefore(starts: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** starts, LONGEST_PAUSE_MS);
}

/** After it was ready for half a minute, its end is taken for the first one. */
export function wasHealthy({ readyForMs = 0 }: Ending): boolean {
  return readyForMs >= HEALTHY_MS;
}

/** What to tell those who wait; undefined while there is hope. */
function givenUp(managed: Managed, { how, final }: Ending, logFrom: number): Error | undefined {
  if (final instanceof UserError) return final;
  if (!final && managed.failedStarts < MOST_STARTS) return undefined;
  const why = final ? how : `ended ${MOST_STARTS} times before it was ready, the last time with: ${how}`;
  return failed(
    managed,
    `${why}. It is stopped; the next start tries again.\n${excerpt(managed, logFrom)}`,
    "NOT_READY",
  );
}

function excerpt({ stack, spec }: Managed, from: number): string {
  const log = logOf(stack, spec.name);
  const lines = lastLines(log, SHOWN_LINES, from).map((line) => `    ${withoutSecrets(line, spec)}`);
  return [`  Last lines of ${log}:`, ...lines].join("\n");
}

/** A process may print its own password; the log is its business, our error message is ours. */
function withoutSecrets(line: string, spec: ProcessSpec): string {
  const env = Object.entries({ ...spec.env, ...spec.prepare?.env });
  const secrets = env.filter(([key, value]) => /pass|secret|token|key|credential|jaas/i.test(key) && value.length >= 4);
  return secrets.reduce((text, [, value]) => text.split(value).join("***"), line);
}
