import { Cron } from "croner";
import type { SchedulePlan } from "../../infra/plan/types";

/** When a run was due, and the day that it is for. */
export interface Due {
  readonly at: Date;
  /** `2026-11-20`: the day in the schedule's time zone that ended, or was under way, just before. */
  readonly day: string;
}

const clockOf = ({ cron, timeZone }: SchedulePlan) => new Cron(cron, { paused: true, timezone: timeZone });

/** The latest time up to now at which it was due. */
export function lastDue(schedule: SchedulePlan, now: Date): Due | undefined {
  const clock = clockOf(schedule);
  // Further back each time, as croner looks forward only: an hour, a day, a month, a year.
  for (const back of [3_600_000, 86_400_000, 32 * 86_400_000, 366 * 86_400_000]) {
    let found: Date | undefined;
    for (let at = clock.nextRun(new Date(now.getTime() - back)); at && at <= now; at = clock.nextRun(at)) found = at;
    if (found) return { at: found, day: dayBefore(found, schedule.timeZone) };
  }
  return undefined;
}

/** @throws Error when it never comes again */
export function nextDue(schedule: SchedulePlan, after: Date): Date {
  const at = clockOf(schedule).nextRun(after);
  if (!at) throw new Error(`${schedule.cron} never comes again`);
  return at;
}

/** For a run that a person asks for: as if it had been due at the end of that day. */
export const dueFor = (day: string): Due => ({ at: new Date(`${day}T24:00:00Z`), day });

/** Each day from the first to the last. @throws Error when one is no day, or they are the wrong way round */
export function daysOf(from: string, to: string): string[] {
  const days: string[] = [];
  const [first, last] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${to}T00:00:00Z`)];
  const real = (day: string, ms: number) =>
    /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
  if (!real(from, first) || !real(to, last)) throw new Error(`${from}..${to} is no range of days`);
  if (last < first) throw new Error(`${to} is before ${from}`);
  for (let at = first; at <= last; at += 86_400_000) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

function dayBefore(at: Date, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return format.format(new Date(at.getTime() - 1));
}
