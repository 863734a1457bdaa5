import { UserError } from "../../infra/plan/problems";
import type { Logger } from "./log";

/** In-flight work gets this long. */
const deadlineMs = 8000;

/** What of the process is needed; tests give their own. */
export interface Host {
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  exit(code: number): void;
}

export interface Shutdown {
  /** Registers what was just opened. */
  readonly onClose: (what: string, close: () => unknown) => void;
  /** Aborted as soon as the end begins: nothing new is taken in, and nobody waits for what is away. */
  readonly signal: AbortSignal;
  /** Ends the app with status 0: its work is done. */
  readonly end: () => void;
  /** Ends the app with status 1: for errors that no waiting mends. */
  readonly fail: (error: unknown) => void;
}

/** Closes what was opened, in reverse order, on SIGTERM and SIGINT; a second signal, or the deadline, ends it at once with status 1. */
export function createShutdown(log: Logger, host: Host = process): Shutdown {
  const closers: { what: string; close: () => unknown }[] = [];
  const closing = new AbortController();

  async function shutdown(status: number): Promise<void> {
    closing.abort();
    const timer = setTimeout(() => {
      log.error({ deadlineMs }, "work in flight did not end in time");
      host.exit(1);
    }, deadlineMs);
    let worst = status;
    for (const { what, close } of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        worst = 1;
        log.error({ what, error: (error as Error).message }, "could not be closed");
      }
    }
    clearTimeout(timer);
    log.info("stopped");
    host.exit(worst);
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    host.on(signal, () => {
      if (closing.signal.aborted) return host.exit(1);
      log.info({ signal }, "stopping");
      void shutdown(0);
    });
  }
  return {
    onClose: (what, close) => closers.push({ what, close }),
    signal: closing.signal,
    end: () => {
      if (!closing.signal.aborted) void shutdown(0);
    },
    fail: (error) => {
      // A person's mistake is told without a stack trace.
      const said = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
      log.fatal({ error: said }, "cannot go on");
      if (!closing.signal.aborted) void shutdown(1);
    },
  };
}
