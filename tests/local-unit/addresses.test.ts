import fc from "fast-check";
import { endpointsOf, portsOf } from "../../infra/local/addresses";

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), { minLength: 1, maxLength: 60 });

test("each app has a port of its own within the stack's thousand, away from those of the platform", () => {
  fc.assert(
    fc.property(names, (apps) => {
      const { app } = endpointsOf(17000, apps);
      const ports = apps.map(app);
      expect(new Set(ports).size).toBe(apps.length);
      const platform = new Set(Object.values(portsOf(17000)));
      for (const port of ports) expect(port >= 17200 && port < 18000 && !platform.has(port)).toBe(true);
    }),
  );
});

test("an app that comes moves no other, unless their names meet at one port", () => {
  const apps = ["car-consumer", "entities-simulator", "loan-consumer", "service-consumer"];
  const before = endpointsOf(17000, apps);
  const after = endpointsOf(17000, ["a-new-one", ...apps, "zebra-consumer"]);
  expect(apps.map(after.app)).toEqual(apps.map(before.app));
});
