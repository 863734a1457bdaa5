import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "../../../infra/local/bundle";
import { supervisorOf } from "../../../infra/local/supervisor/client";
import { stackPaths } from "../../../infra/local/supervisor/paths";
import type { ProcessSpec } from "../../../infra/local/supervisor/protocol";
import { startSupervisor } from "../../../infra/local/supervisor/start";
import { endStacks, freePort, processesOf, readMaybe, supervisorPid, testStack, webServer } from "./stack";

afterEach(endStacks);

test("twenty callers in four processes start one supervisor and one process each of what they ask for", async () => {
  const { root } = testStack();
  const specs: ProcessSpec[] = [];
  for (let n = 0; n < 5; n++) specs.push(webServer(`app-${n}`, await freePort(), root));
  const program = await bundle(join(__dirname, "ensure-many.ts"));
  const run = () => promisify(execFile)(process.execPath, [program, root, JSON.stringify(specs)]);
  const told = await Promise.all([run(), run(), run(), run()]);
  const pids = told.map(({ stdout }) => JSON.parse(stdout));
  expect(pids[0]).toHaveLength(5);
  for (const others of pids) expect(others).toEqual(pids[0]);
  expect(supervisorPid(root)).toBeGreaterThan(0);
  expect(readMaybe(join(root, "logs", "supervisor.log")).match(/ serves$/gm)).toHaveLength(1);
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toHaveLength(5);
});

test("two stacks, one with a path too long for a socket, do not know of each other", async () => {
  const one = testStack();
  const long = testStack();
  const root = join(long.root, "x".repeat(100));
  const client = supervisorOf(root);
  const [first, second] = [webServer("app", await freePort(), one.root), webServer("app", await freePort(), root)];
  await Promise.all([one.client.ensure(first), client.ensure(second)]);
  await one.client.remove("app");
  expect(await one.client.status()).toBeUndefined();
  expect(await client.status()).toMatchObject([{ name: "app", state: "ready" }]);
  await client.remove("app");
});

test("who looks on meanwhile does not send away a supervisor that was just started", async () => {
  const { root, client } = testStack();
  await startSupervisor(stackPaths(root));
  const pid = supervisorPid(root);
  expect(await client.status()).toEqual([]);
  expect(await client.callIfRunning({ method: "jobs" })).toEqual([]);
  await client.ensure(webServer("app", await freePort(), root));
  expect(supervisorPid(root)).toBe(pid);
});
