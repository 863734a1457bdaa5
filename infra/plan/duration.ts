import type { Duration } from "../model";

const unitMs: Record<string, number> = { ms: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What is said to whoever wrote something else. */
export const durationWords = '"250 ms", "30 seconds", "5 minutes", "12 hours", "7 days"';

/** Whole milliseconds; NaN for what is no length of time, which types alone do not keep out (`"days"` has a number in front of it to them). */
export function milliseconds(duration: Duration): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?) (ms|(?:second|minute|hour|day)s?)$/.exec(duration) ?? [];
  return amount === undefined
    ? Number.NaN
    : Math.round(Number(amount) * (unitMs[unit] ?? unitMs[unit.slice(0, -1)] ?? 0));
}
