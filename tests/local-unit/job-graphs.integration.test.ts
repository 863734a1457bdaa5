import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobScript } from "../../infra/local/flink";
import { graphKey, type JobScript, jobGraph, planJobs, withResumed } from "../../infra/local/job-graphs";

let graphs: string;
beforeEach(() => {
  graphs = mkdtempSync(join(tmpdir(), "millrace-graphs-"));
});
afterEach(() => rmSync(graphs, { recursive: true }));

const script = (name: string, select: string): JobScript => ({
  ...jobScript({
    name,
    statements: [
      `SET 'pipeline.name' = '${name}'`,
      "CREATE TEMPORARY TABLE numbers (n INT) WITH ('connector' = 'datagen')",
      "CREATE TEMPORARY TABLE dropped (n INT) WITH ('connector' = 'blackhole')",
      `EXECUTE STATEMENT SET BEGIN INSERT INTO dropped SELECT ${select} FROM numbers; END`,
    ],
  }),
  graphs,
});

test("the graphs of all scripts are planned, and one that Flink refuses is named and stops no other", async () => {
  const [good, bad, other] = [script("good", "n"), script("bad", "m"), script("other", "n + 1")];
  const refused = await planJobs([good, bad, other]);
  expect(refused).toEqual([{ name: "bad", reason: expect.stringContaining("Column 'm' not found in any table") }]);
  expect(readdirSync(graphs).sort()).toEqual([`${graphKey(good)}.graph`, `${graphKey(other)}.graph`].sort());
  await expect(jobGraph(bad)).rejects.toThrow("Flink cannot plan job bad: ");
}, 60_000);

test("a graph that is there is not planned again, and its name changes with what it is made of", async () => {
  const once = script("once", "n");
  const file = await jobGraph(once);
  const before = readFileSync(file);
  expect(await jobGraph(once)).toBe(file);
  expect(readFileSync(file).equals(before)).toBe(true);
  const { settings } = once;
  const turned = Object.fromEntries(Object.entries(settings).reverse());
  expect(graphKey({ ...once, settings: turned })).toBe(graphKey(once));
  for (const other of [
    { ...once, statements: ["SELECT 1"] },
    { ...once, settings: { ...settings, "pipeline.object-reuse": "false" } },
    { ...once, java: ["java", "of another version"] },
  ])
    expect(graphKey(other)).not.toBe(graphKey(once));
}, 60_000);

test("a graph that goes on from a snapshot has another id, holds the snapshot, and is gone after use", async () => {
  const once = script("once", "n");
  const kept = readFileSync(await jobGraph(once));
  const resumed = await withResumed(once, "file:///state/chk-7", async (graph) => ({
    graph,
    content: readFileSync(graph),
  }));
  expect(resumed.content.includes("file:///state/chk-7")).toBe(true);
  expect(resumed.content.equals(kept)).toBe(false);
  expect(existsSync(resumed.graph)).toBe(false);
}, 60_000);
