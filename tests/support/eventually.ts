import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits for a condition; what it throws counts as "not yet".
 *
 * @returns the first value that is not false or undefined
 * @throws Error that says what did not happen, and the last error
 */
export async function eventually<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  limitMs = 10_000,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) {
      const why = last ? `; last: ${(last as Error).message}` : "";
      throw new Error(`not within ${limitMs / 1000} s: ${what}${why}`);
    }
    await delay(10);
  }
}
