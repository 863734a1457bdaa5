import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { stackPaths } from "../../../infra/local/supervisor/paths";
import { processTable } from "../../../infra/local/supervisor/process-table";
import { commandLine, endStacks, filesBelow, freePort, testStack, webServer } from "./stack";

afterEach(endStacks);

test("a secret of the environment is in no file and on no command line; only the owner reaches the supervisor", async () => {
  const { client, root } = testStack();
  const secret = "s3cr3t-Zq81LmPf";
  const command = ["/bin/sh", "-c", 'test -n "$PASSWORD" && printf "%s\\n" "$PASSWORD" | sha256sum > proof'];
  const spec = { ...webServer("app", await freePort(), root), env: { PASSWORD: secret }, prepare: { command } };
  await client.ensure(spec);
  const told = JSON.stringify(await client.status());
  const record = JSON.parse(readFileSync(join(root, "run", "app.json"), "utf8"));
  expect(Object.keys(record).sort()).toEqual([
    "boot",
    "kind",
    "name",
    "pid",
    "program",
    "specHash",
    "start",
    "startedAt",
  ]);

  const files = filesBelow(root).filter((path) => statSync(path).isFile());
  expect(files.map((path) => path.slice(root.length))).toContain("/logs/app.log");
  for (const path of files) expect([path, readFileSync(path).includes(secret)]).toEqual([path, false]);
  for (const { pid } of processTable()) expect(commandLine(pid)).not.toContain(secret);
  expect(told).not.toContain(secret);

  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  const stack = stackPaths(root);
  expect([stack.socket, stack.run, join(stack.run, "key"), join(stack.run, "app.json")].map(mode)).toEqual([
    "600",
    "700",
    "600",
    "600",
  ]);
});

test("the hash of a spec differs between stacks, so that it tells nothing about its secrets", async () => {
  const [one, two] = [testStack(), testStack()];
  const spec = { ...webServer("app", await freePort(), "same"), env: { PASSWORD: "x" } };
  const first = await one.client.ensure(spec);
  await one.client.remove("app");
  const second = await two.client.ensure(spec);
  expect(first.specHash).toMatch(/^[0-9a-f]{64}$/);
  expect(second.specHash).not.toBe(first.specHash);
});
