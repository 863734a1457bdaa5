import { existsSync } from "node:fs";
import { folderOf, type StackPaths, stackPaths } from "./paths";
import { isAlive, membersOf } from "./process-table";
import { type ProcessSpec, type ProcessStatus, type Request, SupervisorError } from "./protocol";
import { groupOf, readRecord, recordedNames, removeRecord } from "./records";
import { checkSpec } from "./spec-check";
import { codeName, startSupervisor } from "./start";
import { ask, ConnectionLost, NobodyAnswers } from "./wire";

export type Progress = (line: string) => void;

/** The supervisor of one stack, which comes and goes as it is needed. */
export interface Client {
  /**
   * Makes the process run just so, and resolves when it is ready: starts it, restarts it in place when its spec changed, adopts it when it outlived its
   * supervisor, and does nothing when it runs.
   * @throws UserError: the spec is wrong, or a port is taken.
   * @throws SupervisorError `NOT_READY`: with its last log lines; it is then stopped, and can be ensured again.
   */
  ensure(spec: ProcessSpec, progress?: Progress): Promise<ProcessStatus>;
  /** In the order of their first `ensure`. Undefined: there is no supervisor. Without `memory` it is told at once: adding up pages takes a while. */
  status(options?: { readonly memory?: boolean }): Promise<ProcessStatus[] | undefined>;
  /** Stops and starts it, and resolves when it is ready. @throws SupervisorError `UNKNOWN_PROCESS`. */
  restart(name: string, progress?: Progress): Promise<ProcessStatus>;
  /** Stops it and removes its folder, unless `keepData`; its log stays. Nothing to do when there is no such process. */
  remove(name: string, options?: { readonly keepData?: boolean }): Promise<void>;
  /** Stops all and the supervisor; data stays, and the next `ensure` goes on with it. */
  shutdown(): Promise<void>;
  /** Any request, to a supervisor that is started when there is none. */
  call<T>(request: Request, progress?: Progress): Promise<T>;
  /** Any request; undefined when there is no supervisor. */
  callIfRunning<T>(request: Request, progress?: Progress): Promise<T | undefined>;
}

/** @param stackRoot folder of the stack, `.millrace/<stack>`; made when there is none. */
export function supervisorOf(stackRoot: string): Client {
  const stack = stackPaths(stackRoot);
  return {
    ensure: async (spec, progress) => {
      checkSpec(spec);
      return call(stack, { method: "ensure", params: spec, code: await codeName() }, progress);
    },
    status: (options) => callIfRunning(stack, { method: "status", params: options }),
    restart: (name, progress) => call(stack, { method: "restart", params: { name } }, progress),
    remove: (name, options) => remove(stack, name, options?.keepData ?? false),
    shutdown: () => shutdown(stack),
    call: (request, progress) => call(stack, request, progress),
    callIfRunning: (request, progress) => callIfRunning(stack, request, progress),
  };
}

/** Process numbers that belong to a process of the stack, by its record; empty when it does not run. Needs no supervisor. */
export async function recordedPids(stackRoot: string, name: string): Promise<number[]> {
  const stack = stackPaths(stackRoot);
  const record = readRecord(stack, name);
  return record ? membersOf(groupOf(stack, record)).map(({ pid }) => pid) : [];
}

async function remove(stack: StackPaths, name: string, keepData: boolean): Promise<void> {
  const request: Request = { method: "remove", params: { name, keepData } };
  const isThere = recordedNames(stack).includes(name) || existsSync(folderOf(stack, name));
  if (isThere) await call(stack, request);
  else await callIfRunning(stack, request);
}

async function shutdown(stack: StackPaths): Promise<void> {
  const request: Request = { method: "shutdown" };
  const left = recordedNames(stack).filter((name) => {
    const record = readRecord(stack, name);
    return record !== undefined && (isAlive(record) || membersOf(groupOf(stack, record)).length > 0);
  });
  // What outlived a supervisor is stopped by the next one.
  if (left.length > 0) return call(stack, request);
  await callIfRunning(stack, request);
  for (const name of recordedNames(stack)) removeRecord(stack, name);
}

/** Often enough for one that is just ending and one that is killed; a supervisor that dies of the request itself is a bug. */
const MOST_TRIES = 5;

async function call<T>(stack: StackPaths, request: Request, progress?: Progress): Promise<T> {
  let last = "";
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    try {
      return await ask<T>(stack.socket, request, progress);
    } catch (error) {
      last = (error as Error).message;
      if (error instanceof NobodyAnswers) await startSupervisor(stack);
      else if (isOutdated(error)) await replaceSupervisor(stack);
      else if (!(error instanceof ConnectionLost)) throw error;
    }
  }
  const message = `The supervisor of ${stack.root} went away ${MOST_TRIES} times while it was asked to ${request.method}: ${last}.`;
  throw new SupervisorError(`${message} Its log is ${stack.supervisorLog}.`, "NO_SUPERVISOR");
}

async function callIfRunning<T>(stack: StackPaths, request: Request, progress?: Progress): Promise<T | undefined> {
  try {
    return await ask<T>(stack.socket, request, progress);
  } catch (error) {
    if (error instanceof NobodyAnswers || error instanceof ConnectionLost) return undefined;
    throw error;
  }
}

function isOutdated(error: unknown): boolean {
  return error instanceof SupervisorError && error.code === "OUTDATED";
}

/** What the old one kept runs on meanwhile, and is handed to the new one, secrets included, through our memory. */
async function replaceSupervisor(stack: StackPaths): Promise<void> {
  const requests = (await callIfRunning<Request[]>(stack, { method: "retire" })) ?? [];
  await startSupervisor(stack);
  for (const request of requests) await call(stack, request);
}
