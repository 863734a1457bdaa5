import type { z } from "zod";
import { UserError } from "../../infra/plan/problems";
import { readEnv } from "./env";
import { createLogger, type Logger } from "./log";
import { createShutdown, type Shutdown } from "./shutdown";

/** The process around an app: settings checked once, a log, a clean end. Exit status 2: wrong settings, 1: anything else that went wrong. */
export function run<T extends z.ZodObject>(
  env: T,
  start: (settings: z.infer<T>, log: Logger, shutdown: Shutdown) => Promise<void>,
): void {
  const settings = settingsOrExit(env);
  const log = createLogger(String(settings.APP_NAME));
  const shutdown = createShutdown(log);
  process.on("uncaughtException", shutdown.fail);
  process.on("unhandledRejection", shutdown.fail);
  start(settings, log, shutdown).catch((error: unknown) => {
    // Not opened yet, and not wanted any more.
    if (!shutdown.signal.aborted) shutdown.fail(error);
  });
}

function settingsOrExit<T extends z.ZodObject>(env: T): z.infer<T> {
  try {
    return readEnv(env);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
