import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../infra/paths";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}
interface Job {
  readonly permissions?: object;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(projectRoot, ".github/workflows");
const files = readdirSync(folder);
const workflows = files.map((file): [string, Workflow] => [file, parse(readFileSync(join(folder, file), "utf8"))]);
const { scripts } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));

test("previews, environments and their sweep have workflows", () => {
  expect(files.sort()).toEqual(["ephemeral.yml", "preview.yml", "sweep.yml"]);
});

describe.each(workflows)("%s", (_file, { on, permissions, concurrency, jobs }) => {
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test("is given no more than it needs, and ends", () => {
    // With it, code of a fork would run with our secrets.
    expect(Object.keys(on)).not.toContain("pull_request_target");
    expect(permissions).toEqual({ contents: "read" });
    expect(concurrency).toBeDefined();
    for (const job of Object.values(jobs)) {
      expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
      expect(job.permissions).toBeDefined();
    }
    for (const { uses, with: given } of steps) {
      if (uses?.startsWith("actions/checkout@")) expect(given?.["persist-credentials"]).toBe(false);
    }
  });

  test("runs commands that there are, and puts nobody's words into a shell", () => {
    const commands = steps.flatMap(({ run }) => run ?? []);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      expect(command).not.toContain("${{");
      const [, script] = /npm run (?:-s )?([\w:-]+)/.exec(command) ?? [];
      if (script) expect(scripts).toHaveProperty(script);
    }
  });
});
