import { environments, type Resources } from "../../infra/environments";

/** Everything in the table that asks for room on a node. */
function resourcesOf(value: object, path = ""): [path: string, resources: Resources][] {
  if ("cpuLimit" in value) return [[path, value as Resources]];
  return Object.entries(value).flatMap(([key, child]) =>
    typeof child === "object" && child !== null ? resourcesOf(child, path ? `${path}.${key}` : key) : [],
  );
}
const cores = (quantity: string) => (quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity));

describe.each(Object.entries(environments))("%s", (_name, environment) => {
  test("has as many brokers as copies, and loses one of three without stopping", () => {
    const { brokers, controllers, replication, minInSync } = environment.kafka;
    expect(replication).toBeLessThanOrEqual(brokers);
    expect(minInSync).toBe(brokers >= 3 ? 2 : 1);
    expect(controllers === 0 || controllers % 2 === 1).toBe(true);
  });

  test("asks for no more than it may use, in units of Kubernetes", () => {
    const all = resourcesOf(environment);
    expect(all.length).toBeGreaterThan(6);
    for (const [path, { cpu, cpuLimit, memory }] of all) {
      expect([path, cores(cpu) > 0 && cores(cpu) <= cores(cpuLimit)]).toEqual([path, true]);
      expect([path, memory]).toEqual([path, expect.stringMatching(/^\d+(Mi|Gi)$/)]);
    }
  });

  test("what is protected is backed up, and survives a node", () => {
    if (!environment.protect) return;
    expect(environment.postgres.backupDays).toBeGreaterThan(0);
    expect(environment.postgres.instances).toBeGreaterThanOrEqual(3);
    expect(environment.kafka.replication).toBe(3);
    expect(environment.standIns).toBe(false);
  });
});

test("an environment of a pull request is the smallest, and prod the largest", () => {
  const total = (name: keyof typeof environments) =>
    resourcesOf(environments[name]).reduce((sum, [, { cpu }]) => sum + cores(cpu), 0);
  expect(total("ephemeral")).toBeLessThan(total("kind"));
  expect(total("kind")).toBeLessThan(total("staging"));
  expect(total("staging")).toBeLessThan(total("prod"));
});
