import fc from "fast-check";
import { formatProblem, nearest, refuse } from "../../infra/plan/problems";

test("a problem is told with its place, what was given, what is allowed, and the way out", () => {
  const problem = {
    file: "a.yaml",
    line: 3,
    path: "x › y",
    message: "This is wrong.",
    given: ["a", 1],
    allowed: ["b", "c"],
    fix: "Write b.",
  };
  expect(formatProblem(problem)).toBe(
    '  a.yaml:3  x › y: This is wrong.\n      given    ["a",1]\n      allowed  b, c\n      fix      Write b.',
  );
});

test.each([
  [{ message: "No." }, "  No."],
  [{ file: "a", message: "No." }, "  a: No."],
  [{ path: "p", line: 3, message: "No." }, "  p: No."],
  [{ message: "No.", given: "" }, '  No.\n      given    ""'],
  [{ message: "No.", given: null }, "  No.\n      given    null"],
  [{ message: "No.", given: 3n }, "  No.\n      given    3"],
  [{ message: "No.", allowed: [] }, "  No."],
  [{ message: "No.", allowed: "a number" }, "  No.\n      allowed  a number"],
])("%j", (problem, text) => {
  expect(formatProblem(problem)).toBe(text);
});

test("all problems are refused at once, under one title; none is none", () => {
  expect(() => refuse([])).not.toThrow();
  expect(() => refuse([{ message: "A." }, { message: "B." }])).toThrow("2 problems:\n  A.\n  B.");
  expect(() => refuse([{ message: "A." }], "The file is wrong")).toThrow("The file is wrong:\n  A.");
});

test.each([
  ["loan_event", "loan_events"],
  ["LOAN_EVENTS", "loan_events"],
  ["cars", undefined],
  ["x", undefined],
])("near %s is %s", (given, expected) => {
  expect(nearest(given, ["car_events", "loan_events"])).toBe(expected);
});

test("the nearest is what is the same, where there is that", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, selector: (text) => text.toLowerCase() }),
      (names) => {
        for (const name of names) expect(nearest(name, names)).toBe(name);
      },
    ),
  );
});
