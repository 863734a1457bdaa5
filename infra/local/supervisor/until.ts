import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits for a condition: true when it came true, false when the limit passed or the signal was given.
 * @param options.everyMs time between looks. Default 50.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { readonly limitMs?: number; readonly everyMs?: number; readonly signal?: AbortSignal },
): Promise<boolean> {
  const end = Date.now() + (options.limitMs ?? Number.POSITIVE_INFINITY);
  for (;;) {
    if (options.signal?.aborted) return false;
    if (await condition()) return true;
    if (Date.now() >= end) return false;
    await pause(options.everyMs ?? 50, options.signal);
  }
}

/** Waits that long, or until the signal is given. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal && { signal }).catch(() => undefined);
}

/** Resolves when the signal is given. */
export function given(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
