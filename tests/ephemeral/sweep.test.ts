import fc from "fast-check";
import { readConfig, valuesOf } from "../../infra/config";
import { environmentsOf } from "../../infra/ephemeral/age";
import { sweep } from "../../infra/ephemeral/sweep";
import { readStackFile } from "../../infra/stack-file";

const hour = 3_600_000;
const now = Date.parse("2026-03-10T12:00:00Z");
const ago = (hours: number) => new Date(now - hours * hour).toISOString();

test("the time to live is counted from the last activity", () => {
  const stacks = [
    { name: "pr-1", lastUpdate: ago(71.9), resourceCount: 40 },
    { name: "pr-2", lastUpdate: ago(72), resourceCount: 41 },
    { name: "pr-3", lastUpdate: ago(500), updateInProgress: true },
    { name: "pr-4" },
    { name: "staging", lastUpdate: ago(5000) },
    { name: "pr-5-mine", lastUpdate: ago(5000) },
  ];
  const found = environmentsOf(stacks, "3 days", now);
  expect(found.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "pr-4 expired",
    "pr-3 busy",
    "pr-2 expired",
    "pr-1 in use",
  ]);
  expect(environmentsOf(stacks, "", now).filter(({ state }) => state === "expired")).toEqual([]);
});

test("what has expired is taken down, nothing else is; one that cannot be does not keep the others", async () => {
  const stack = fc.record({
    idle: fc.integer({ min: 0, max: 200 }),
    updateInProgress: fc.boolean(),
    outcome: fc.constantFrom("gone", "left", "thrown"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(stack), async (stacks) => {
      const listed = stacks.map(({ idle, updateInProgress }, i) => ({
        name: `pr-${i}`,
        lastUpdate: ago(idle),
        updateInProgress,
      }));
      const tried: string[] = [];
      const down = async (name: string) => {
        tried.push(name);
        const outcome = stacks[Number(name.slice(3))]?.outcome;
        if (outcome === "thrown") throw new Error("the cluster is away");
        return outcome === "gone";
      };
      const failed = await sweep(environmentsOf(listed, "3 days", now), down, () => {});
      const due = stacks.flatMap((one, i) => (one.idle >= 72 && !one.updateInProgress ? [`pr-${i}`] : []));
      expect([...tried].sort()).toEqual([...due].sort());
      const isLeft = (name: string) => stacks[Number(name.slice(3))]?.outcome !== "gone";
      expect([...failed].sort()).toEqual(due.filter(isLeft).sort());
    }),
  );
});

test("stacks of pull requests share one file, and each has a namespace of its own", () => {
  const configOf = (stack: string) => {
    const { configFile, configText } = readStackFile(stack);
    return readConfig(valuesOf(configText), configFile, configText);
  };
  expect(configOf("pr-17")).toMatchObject({
    target: "kubernetes",
    environment: "ephemeral",
    operators: "existing",
    namespace: "pr-17",
    timeToLive: "3 days",
  });
  expect(configOf("pr-18").namespace).toBe("pr-18");
  expect(() => readStackFile("pr-x")).toThrow("Stack pr-x has no configuration file.");
  expect(() => readStackFile("pr-1", "nowhere.yaml")).toThrow("no configuration file");
});
