import type { Problem } from "../../plan/problems";

/** What the supervisor of a stack is asked for, over its unix socket, and what it answers. */

/** One process, as the supervisor starts it and starts it again. */
export interface ProcessSpec {
  /** Unique in the stack; also its folder `.millrace/<stack>/<name>/` and its log `.millrace/<stack>/logs/<name>.log`. */
  readonly name: string;
  /** Program and arguments. Never holds a secret: command lines are public on a machine. */
  readonly command: readonly string[];
  /** Complete environment but for PATH, HOME, LANG and TZ. Secrets live here, in memory only. */
  readonly env: Readonly<Record<string, string>>;
  /** Files written into the process's folder before each start, by relative path. No secrets. */
  readonly files: Readonly<Record<string, string>>;
  /**
   * Runs once, before the first start, in the process's folder, with `env`; its effects are then on disk. When it was interrupted, everything in the
   * folder is removed and it runs again from nothing; `repeatable`: it copes with what it finds, and nothing is removed.
   */
  readonly prepare?: {
    readonly command: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly repeatable?: boolean;
    /** Default 300 000. */
    readonly timeoutMs?: number;
  };
  /**
   * Files in the process's folder, by relative path, by which it marks that it runs, and which a kill leaves there (`postmaster.pid`). Removed before each
   * start, when nothing of the former one runs any more: the number in such a file may by then be another process's.
   */
  readonly pidFiles?: readonly string[];
  /** Ports it listens on, on 127.0.0.1. */
  readonly ports: readonly number[];
  readonly ready: ReadyProbe;
  /** Default 60 000. */
  readonly readyTimeoutMs?: number;
  readonly stop?: { readonly signal?: "SIGTERM" | "SIGINT" | "SIGQUIT"; readonly timeoutMs?: number };
  /** Base URL of a Kafka Connect worker whose failed connectors are to be restarted. */
  readonly keeps?: { readonly connectors: string };
  /** Refuses to run as root (Postgres): when we are root, it runs as `nobody`. */
  readonly unprivileged?: boolean;
}

export type ReadyProbe =
  /** GET answers 2xx, and the body contains `contains`. */
  | { readonly http: string; readonly contains?: string }
  /** Something accepts connections on 127.0.0.1. */
  | { readonly tcp: number }
  /** The Postgres at this port of 127.0.0.1 lets clients in, which it does not yet while it recovers. */
  | { readonly postgres: number };

export type ProcessState = "starting" | "ready" | "backing-off" | "stopping" | "stopped";

export interface ProcessStatus {
  readonly name: string;
  readonly state: ProcessState;
  readonly pid?: number;
  /** Epoch ms of the present start. */
  readonly startedAt?: number;
  /** Starts after the first that nobody asked for. */
  readonly restarts: number;
  /** Why it last ended, for a person: `exit 1`, `SIGKILL`. */
  readonly lastExit?: string;
  /** Resident memory of the process and its children, bytes; where the system tells (Linux), shared pages count once. */
  readonly rssBytes?: number;
  readonly ports: readonly number[];
  /**
   * Keyed SHA-256 over the whole spec, by which a process that outlived a supervisor is recognised. The key is the stack's own, so that the hash gives
   * no way to try out passwords.
   */
  readonly specHash: string;
}

/** What a client writes: one line of JSON, and the only one of its connection. */
export interface Request {
  readonly method: string;
  readonly params?: unknown;
  /** File name of the supervisor's code as the client would start it; another one answers `OUTDATED`. */
  readonly code?: string;
}

/** What the supervisor writes: any number of lines with `progress`, then one with `result` or `failure`. */
export type Reply = { readonly progress: string } | { readonly result: unknown } | { readonly failure: Failure };

export interface Failure {
  readonly message: string;
  readonly code?: FailureCode;
  /** A person's mistake, to be thrown as a `UserError`. */
  readonly problems?: readonly Problem[];
  readonly title?: string;
}

export type FailureCode =
  /** Ended three times before it was ready, or was not ready in time; it is stopped. */
  | "NOT_READY"
  /** Removed, stopped or given another spec while someone waited for it. */
  | "SUPERSEDED"
  | "UNKNOWN_PROCESS"
  | "UNKNOWN_METHOD"
  /** The supervisor runs older code than the client knows; the client replaces it. */
  | "OUTDATED"
  /** A supervisor did not come up, or went away again and again. */
  | "NO_SUPERVISOR";

/** Something that went wrong while processes ran: not a person's mistake, and maybe gone at the next try. */
export class SupervisorError extends Error {
  override readonly name = "SupervisorError";
  readonly canRetry = true;
  constructor(
    message: string,
    readonly code?: FailureCode,
  ) {
    super(message);
  }
}

/**
 * One kind of thing that the supervisor keeps running. `server.ts` composes them; the first that knows a method answers it. They stop in reverse order of
 * the list.
 */
export interface Keeper {
  /** Undefined: not a method of this keeper. Every method can be asked again after a lost connection. */
  handle(request: Request, progress: (line: string) => void): Promise<unknown> | undefined;
  /** True while the supervisor is needed for it; when no keeper is busy, the supervisor exits. */
  busy(): boolean;
  /** Stops all that it keeps, for good. */
  stop(): Promise<void>;
  /** Requests by which a newer supervisor takes all of it over, without anything being stopped. */
  handOver(): Request[];
}
