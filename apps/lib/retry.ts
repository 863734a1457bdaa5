import { setTimeout as delay } from "node:timers/promises";
import { isOutside } from "./errors";
import type { Logger } from "./log";
import type { Troubles } from "./troubles";

export interface RetryArgs {
  readonly log: Logger;
  /** What is tried, as the log and `/health/ready` name it: `store rows`. */
  readonly what: string;
  /** What is wrong stands here until it works. */
  readonly troubles?: Troubles;
  /** Ends the waiting: what failed last is thrown then. */
  readonly signal?: AbortSignal;
  /** Whether it makes sense to try again. Default: the surroundings are at fault, `isOutside`. */
  readonly canRetry?: (error: unknown) => boolean;
  /** The first pause, doubled at each failure up to the longest. Default 50 ms to 2 s; longer where others suffer from being asked. */
  readonly pauses?: { readonly firstMs: number; readonly longestMs: number };
}

const usualPauses = { firstMs: 50, longestMs: 2000 };

/**
 * Tries until it works, for as long as it takes: surroundings come back, and until then records stay where they are.
 *
 * @throws what the work threw, when trying again makes no sense or the signal came
 */
export async function untilItWorks<T>(work: () => Promise<T>, args: RetryArgs): Promise<T> {
  const { log, what, troubles, signal, canRetry = isOutside, pauses = usualPauses } = args;
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await work();
      if (attempt > 1) {
        troubles?.delete(what);
        log.info({ what, attempt }, "works again");
      }
      return result;
    } catch (error) {
      if (!canRetry(error) || signal?.aborted) {
        troubles?.delete(what);
        throw error;
      }
      const message = (error as Error).message || (error as Error).name;
      troubles?.set(what, message);
      // A quarter at random, so that apps that failed together do not come back together.
      const pauseMs = Math.min(pauses.longestMs, pauses.firstMs * 2 ** (attempt - 1)) * (0.75 + Math.random() / 4);
      log.warn({ what, error: message, attempt, pauseMs: Math.round(pauseMs) }, "failed, will be tried again");
      await delay(pauseMs, undefined, signal ? { signal } : {}).catch(() => {
        troubles?.delete(what);
        throw error;
      });
    }
  }
}
