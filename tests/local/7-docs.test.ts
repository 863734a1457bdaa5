import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolchain } from "../../infra/local/toolchain";
import { projectRoot } from "../../infra/paths";
import { commands } from "../docs/commands";
import { event } from "../fixtures/filters-events";
import { configFile, stackName } from "./support/stack";

/** Every command of the documents, run as it stands there, on the test stack; those that cannot be are named with the reason. */
const folder = mkdtempSync(join(tmpdir(), "millrace-docs-"));
const events = join(folder, "events.jsonl");
beforeAll(() => writeFileSync(events, `${JSON.stringify(event({}))}\n`));
afterAll(() => rmSync(folder, { recursive: true }));

/** Documented and not run here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "npm run up": "tests/local/support/up.ts",
  "npm run down": "tests/local/support/down.ts",
  "npm run backup": "tests/local/6-drill.test.ts",
  "npm run restore": "tests/local/6-drill.test.ts",
  "npm run restore -- --from <folder>": "tests/local/6-drill.test.ts",
  "npm run restore -- --from /mnt/backups/dev": "tests/local/6-drill.test.ts",
  "npm run drill": "tests/local/6-drill.test.ts",
  "npm run preview -- --stack kind": "needs a cluster",
  "npm run up -- --stack kind": "needs a cluster",
  "npm run outputs -- --stack kind": "needs a cluster",
  "npm run down -- --stack kind": "needs a cluster",
  "npm run preview -- --stack staging": "needs an account of AWS",
  "npm run up -- --stack staging": "needs an account of AWS",
  "npm run -s preview -- --stack staging --report md": "needs an account of AWS",
  "npm run down -- --stack prod": "needs an account of AWS",
  "npm run ephemeral": "tests/ephemeral/engine.integration.test.ts",
  "npm run ephemeral -- up 17": "tests/ephemeral/engine.integration.test.ts",
  "npm run ephemeral -- down 17": "tests/ephemeral/engine.integration.test.ts",
  "npm run ephemeral -- list": "tests/ephemeral/engine.integration.test.ts",
  "npm run ephemeral -- sweep": "tests/ephemeral/engine.integration.test.ts",
  "npm run check": "tests/run.ts",
  "npm run test:unit": "tests/run.ts",
  "npm run test:kubernetes": "tests/run.ts",
  "npm run format": "changes the files",
  "npm run bench": "takes minutes",
  "npm run bench -- cold": "takes minutes",
};
const documented = commands().filter((command) => command.startsWith("npm run "));
const here = documented.filter((command) => !(command in elsewhere));
/** What stands for any value. */
const filled = (command: string) =>
  command
    .replace("<process>", "entities-simulator")
    .replace("<job>", "to-events")
    .replace(/(?<=try )\S+/, events);

test.each(here)("%s", (command) => {
  const [script, words = ""] = filled(command)
    .replace(/^npm run (-s )?/, "")
    .split(" -- ");
  const stack = ["sql", "filters"].includes(script ?? "") ? [] : ["--stack", stackName, "--config-file", configFile];
  const args = ["run", "-s", script ?? "", "--", ...words.split(" ").filter(Boolean), ...stack];
  const { status, stderr, stdout } = spawnSync("npm", args, { cwd: projectRoot, encoding: "utf8", timeout: 120_000 });
  expect(status === 0 ? "" : `${stdout}${stderr}`).toBe("");
  expect(stdout + stderr).not.toBe("");
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("what is said to be run elsewhere is documented, and is there", () => {
  expect(Object.keys(elsewhere).filter((command) => !documented.includes(command))).toEqual([]);
  const files = Object.values(elsewhere).filter((reason) => reason.includes("/"));
  expect(files.filter((file) => !existsSync(join(projectRoot, file)))).toEqual([]);
});

// Plain Pulumi needs its language host, which only an installed Pulumi has.
const plain = commands().flatMap((command) => {
  const [, subcommands, words] = /^pulumi ([a-z|]+)(.*)/.exec(command) ?? [];
  return (subcommands?.split("|") ?? []).map((subcommand) => `pulumi ${subcommand}${words}`);
});
test.each([...new Set(plain)])("%s: the engine knows it", (command) => {
  const [, subcommand = "", ...words] = command.split(" ");
  const help = execFileSync(join(toolchain().pulumi, "bin/pulumi"), [subcommand, "--help"], { encoding: "utf8" });
  expect(help).toContain(`pulumi ${subcommand}`);
  for (const flag of words.filter((word) => word.startsWith("-"))) expect(help).toContain(`${flag}, --`);
});
