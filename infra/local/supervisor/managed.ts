import type { StackPaths } from "./paths";
import { type Group, isAlive } from "./process-table";
import { type FailureCode, type ProcessSpec, type ProcessState, SupervisorError } from "./protocol";

/** One process as it is kept running, from an `ensure` until it is stopped or given another spec. */
export interface Managed {
  readonly stack: StackPaths;
  readonly spec: ProcessSpec;
  readonly hash: string;
  /** When it was first asked for and first ready, on the stack's own count: what came later may depend on it, what did not cannot. */
  readonly ensuredAt: number;
  firstReadyAt?: number | undefined;
  readonly stopping: AbortController;
  /** Resolves when it shall stop. */
  readonly stopped: Promise<void>;
  /** Given to end a back-off at once. */
  hurry: AbortController;
  /** Those who wait for it to be ready; while there are any, it does not try forever. */
  waiters: Set<Waiter>;
  state: ProcessState;
  group?: Group | undefined;
  startedAt?: number | undefined;
  restarts: number;
  lastExit?: string;
  /** Starts in a row that did not get ready, since someone began to wait. */
  failedStarts: number;
  /** Before starts since it was healthy: each is longer than the one before. */
  pauses: number;
  /** Ends when nothing of it runs any more. */
  loop: Promise<void>;
}

export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly progress: (line: string) => void;
}

/** Resolves when it is ready, rejects when it is given up or stopped. */
export function whenReady(managed: Managed, progress: (line: string) => void): Promise<void> {
  // One that was not our child may be dead for a moment before we see it.
  if (managed.state === "ready" && managed.group && isAlive(managed.group.leader)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    // Someone came who may have mended it.
    if (managed.waiters.size === 0) managed.failedStarts = managed.pauses = 0;
    managed.waiters.add({ resolve, reject, progress });
    managed.hurry.abort();
  });
}

export function tell(managed: Managed, line: string): void {
  for (const waiter of managed.waiters) waiter.progress(`${managed.spec.name}: ${line}`);
}

export function resolveWaiters(managed: Managed): void {
  for (const waiter of managed.waiters) waiter.resolve();
  managed.waiters.clear();
}

export function rejectWaiters(managed: Managed, error: Error): void {
  for (const waiter of managed.waiters) waiter.reject(error);
  managed.waiters.clear();
}

export function failed(managed: Managed, why: string, code: FailureCode): SupervisorError {
  return new SupervisorError(`${managed.spec.name} ${why}`, code);
}
