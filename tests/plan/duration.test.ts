import fc from "fast-check";
import type { Duration } from "../../infra/model";
import { milliseconds } from "../../infra/plan/duration";

test.each<[Duration, number]>([
  ["250 ms", 250],
  ["1 second", 1000],
  ["1.5 seconds", 1500],
  ["5 minutes", 300_000],
  ["12 hours", 43_200_000],
  ["7 days", 604_800_000],
  ["0 days", 0],
])("%s is %d ms", (duration, ms) => {
  expect(milliseconds(duration)).toBe(ms);
});

test.each([
  "",
  "days",
  " days",
  "7",
  "7days",
  "7  days",
  "-1 days",
  "7 weeks",
  "1e3 ms",
  "7 days ",
  "Infinity days",
  "7 mss",
])("%j is no length of time", (text) => {
  expect(milliseconds(text as Duration)).toBeNaN();
});

test("whatever is written, it is NaN or a whole number from 0", () => {
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.double(), fc.constantFrom("ms", "second", "minutes", "days")).map((pair) => pair.join(" ")),
  );
  fc.assert(
    fc.property(text, (duration) => {
      const ms = milliseconds(duration as Duration);
      expect(Number.isNaN(ms) || (Number.isInteger(ms) && ms >= 0)).toBe(true);
    }),
  );
});
