import { sql } from "../../infra/commands/sql";
import { testCache } from "../plan/project";

const former = process.env.MILLRACE_CACHE;
beforeAll(() => {
  process.env.MILLRACE_CACHE = testCache;
});
afterAll(() => {
  if (former === undefined) delete process.env.MILLRACE_CACHE;
  else process.env.MILLRACE_CACHE = former;
});

const run = (...words: string[]) =>
  sql({
    stack: "test",
    configFile: "Pulumi.test.yaml",
    configText: "",
    words,
    flags: { showSecrets: false, follow: false, yes: false },
  });

test("npm run sql prints the whole script of a job, as Flink gets it", async () => {
  const out = jest.spyOn(process.stdout, "write").mockImplementation(() => true);
  try {
    expect(await run("to-events")).toBe(0);
    const script = out.mock.calls.map(([text]) => text).join("");
    const kinds =
      script.match(/^(SET|CREATE TABLE|CREATE TEMPORARY \w+|EXECUTE STATEMENT SET BEGIN|INSERT INTO)/gm) ?? [];
    expect(new Set(kinds).size).toBeGreaterThanOrEqual(4);
    expect(script.trimEnd()).toMatch(/END;$/);
    expect(script).not.toMatch(/;;/);
  } finally {
    out.mockRestore();
  }
});

test("a job that does not exist is named with those that do", async () => {
  await expect(run("to-event")).rejects.toMatchObject({
    problems: [
      {
        message: "There is no such job.",
        given: "to-event",
        allowed: expect.arrayContaining(["to-events", "route-events"]),
        fix: "npm run sql -- to-events",
      },
    ],
  });
  await expect(run()).rejects.toThrow("npm run sql -- <job>");
});
