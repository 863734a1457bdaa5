import { daysOf, dueFor, lastDue, nextDue } from "../../../apps/schedule/clock";
import type { SchedulePlan } from "../../../infra/plan/types";

const plan = (cron: string, timeZone = "Asia/Kolkata"): SchedulePlan => {
  return { cron, timeZone, attempts: 1, backoffMs: 1, deadlineMs: 1000, steps: [] };
};

test.each([
  // Midnight in India is 18:30 of the day before in UTC.
  ["just behind midnight", "0 0 * * *", "2026-11-20T18:30:00Z", "2026-11-20T18:30:00Z", "2026-11-20"],
  ["just before midnight", "0 0 * * *", "2026-11-20T18:29:59Z", "2026-11-19T18:30:00Z", "2026-11-19"],
  ["after a week of sleep", "0 0 * * *", "2026-11-27T10:00:00Z", "2026-11-26T18:30:00Z", "2026-11-26"],
  ["each hour", "17 * * * *", "2026-11-20T18:48:00Z", "2026-11-20T18:47:00Z", "2026-11-21"],
  ["once a year", "0 0 1 1 *", "2026-11-20T00:00:00Z", "2025-12-31T18:30:00Z", "2025-12-31"],
])("the last time it was due, and for which day: %s", (_, cron, now, at, day) => {
  expect(lastDue(plan(cron), new Date(now))).toEqual({ at: new Date(at), day });
});

test("where clocks change, a day has one midnight", () => {
  const berlin = plan("0 0 * * *", "Europe/Berlin");
  expect(nextDue(berlin, new Date("2026-10-24T22:00:00Z"))).toEqual(new Date("2026-10-25T23:00:00Z"));
});

test("a range of days has each of them, across months; others are refused", () => {
  expect(daysOf("2026-02-27", "2026-03-02")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
  expect(daysOf("2026-03-01", "2026-03-01").map(dueFor)).toEqual([
    { at: new Date("2026-03-02T00:00:00Z"), day: "2026-03-01" },
  ]);
  for (const [from, to] of [
    ["2026-02-30", "2026-03-01"],
    ["2026-03-02", "2026-03-01"],
    ["today", "2026-03-01"],
  ] as const) {
    expect(() => daysOf(from, to)).toThrow();
  }
});
