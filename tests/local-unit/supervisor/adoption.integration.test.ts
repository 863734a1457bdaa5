import { spawn } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { recordedPids } from "../../../infra/local/supervisor/client";
import { stackPaths } from "../../../infra/local/supervisor/paths";
import { identify, isAlive } from "../../../infra/local/supervisor/process-table";
import { supervisorCode } from "../../../infra/local/supervisor/start";
import { answers, ask } from "../../../infra/local/supervisor/wire";
import {
  endStacks,
  eventually,
  freePort,
  processesOf,
  readyAgain,
  supervisorPid,
  type TestStack,
  testStack,
  webServer,
} from "./stack";

afterEach(endStacks);

async function killSupervisor({ root, client }: TestStack): Promise<void> {
  const self = identify(supervisorPid(root));
  if (!self) throw new Error("the supervisor does not run");
  process.kill(self.pid, "SIGKILL");
  await eventually("the supervisor is gone", () => !isAlive(self));
  expect(await client.status()).toBeUndefined();
}

test("a process outlives its supervisor and is adopted: same pid, no second copy", async () => {
  const stack = testStack();
  const { client, root } = stack;
  const spec = webServer("app", await freePort(), root);
  const before = await client.ensure(spec);
  await killSupervisor(stack);
  expect(await recordedPids(root, "app")).toEqual([before.pid]);
  const after = await client.ensure(spec);
  expect(after).toMatchObject({ pid: before.pid, startedAt: before.startedAt, state: "ready" });
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toHaveLength(1);

  process.kill(before.pid ?? 0, "SIGKILL");
  expect(await readyAgain(client, "app", before.pid)).toMatchObject({ restarts: 1 });
});

test("one whose spec changed meanwhile is ended and started anew", async () => {
  const stack = testStack();
  const { client, root } = stack;
  const spec = webServer("app", await freePort(), root);
  const before = await client.ensure(spec);
  await killSupervisor(stack);
  const after = await client.ensure({ ...spec, env: { NEW: "1" } });
  expect(after.pid).not.toBe(before.pid);
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toHaveLength(1);
});

test("children of a process that died without a supervisor are ended before the next start", async () => {
  const stack = testStack();
  const { client, root } = stack;
  // The child holds the port, so that a start beside it would fail.
  const port = await freePort();
  const server = webServer("app", port, root);
  const spec = { ...server, command: ["/bin/sh", "-c", '"$@" & wait', "sh", ...server.command] };
  const before = await client.ensure(spec);
  await killSupervisor(stack);
  process.kill(before.pid ?? 0, "SIGKILL");
  await eventually("the parent is gone", () => identify(before.pid ?? 0) === undefined);
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toMatch(/^ok/);
  const after = await client.ensure(spec);
  expect(after.pid).not.toBe(before.pid);
  expect(processesOf(root).filter((line) => line.includes(" -e const port"))).toHaveLength(2); // the shell and its child
});

test("what outlived its supervisor can be removed, and shut down, by the next one", async () => {
  const stack = testStack();
  const { client, root } = stack;
  for (const name of ["one", "two", "three"]) await client.ensure(webServer(name, await freePort(), root));
  await killSupervisor(stack);
  await client.remove("one");
  expect(existsSync(join(root, "one"))).toBe(false);
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toHaveLength(2);
  await client.shutdown();
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toEqual([]);
  expect(existsSync(join(root, "run"))).toBe(false);
});

test("a supervisor told to end by someone else leaves its processes running", async () => {
  const { client, root } = testStack();
  const spec = webServer("app", await freePort(), root);
  const { pid } = await client.ensure(spec);
  const self = identify(supervisorPid(root));
  process.kill(self?.pid ?? 0, "SIGTERM");
  await eventually("the supervisor is gone", () => self !== undefined && !isAlive(self));
  expect((await client.ensure(spec)).pid).toBe(pid);
});

test("a supervisor of older code hands its processes over, those that nobody asked for too", async () => {
  const { client, root } = testStack();
  const stack = stackPaths(root);
  const older = join(root, "..", "older.cjs");
  const [app, other] = [webServer("app", await freePort(), root), webServer("other", await freePort(), root)];
  const first = await client.ensure(app);
  await client.shutdown();
  copyFileSync(await supervisorCode(), older);
  spawn(process.execPath, [older, root], { detached: true, stdio: "ignore" }).unref();
  await eventually("the older supervisor serves", () => answers(stack.socket));
  const before = await ask<{ pid: number }>(stack.socket, { method: "ensure", params: app });
  const otherBefore = await ask<{ pid: number }>(stack.socket, { method: "ensure", params: other });
  expect(before.pid).not.toBe(first.pid);
  expect((await client.ensure(app)).pid).toBe(before.pid);
  expect(processesOf(root).filter((line) => line.includes("older.cjs"))).toEqual([]);
  await eventually("the other process is adopted", async () => {
    const known = (await client.status())?.find(({ name }) => name === "other");
    return known?.state === "ready" && known.pid === otherBefore.pid;
  });
});

test("when someone removes the stack's folder by hand, its processes and its supervisor end", async () => {
  const { client, root } = testStack();
  await client.ensure(webServer("app", await freePort(), root));
  rmSync(root, { recursive: true });
  await eventually("nothing of the stack runs", () => processesOf(root).length === 0);
  expect(await client.status()).toBeUndefined();
});
