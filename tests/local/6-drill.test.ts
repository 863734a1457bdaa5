import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { drill } from "../../drill/drill";
import { portHolder } from "../../infra/local/supervisor/ports";
import { projectRoot, stackRoot } from "../../infra/paths";

/** A stack of its own is backed up, destroyed with all its files, restored, and goes on; what is compared, and how, stands in the drill. */
test("what a backup and its archived log hold comes back exactly, within the limits, and the drill leaves nothing", async () => {
  const steps: string[] = [];
  const report = await drill({
    stack: "drilled",
    portBase: 28000,
    loadMs: 5000,
    say: (line) => void steps.push(line),
  });
  expect(steps).toContain("disaster");
  expect(report.compared).toBeGreaterThan(20);
  expect(report.rpoMs).toBeLessThan(300_000);
  expect(report.agreedMs).toBeLessThan(3_600_000);
  expect(readdirSync(stackRoot("drilled"))).toEqual(["logs"]);
  expect(existsSync(join(projectRoot, ".millrace", "backups", "drilled"))).toBe(false);
  for (const port of [28032, 28081, 28083, 28084, 28085, 28092]) expect(await portHolder(port)).toBeUndefined();
}, 1_200_000);
