import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { portHolder } from "../../../infra/local/supervisor/ports";
import {
  identify,
  isAlive,
  membersOf,
  processTable,
  psRows,
  residentBytes,
} from "../../../infra/local/supervisor/process-table";
import { eventually } from "./stack";

test("ps, for systems without /proc, tells the same as /proc", () => {
  const byPs = psRows(process.pid)[0];
  const byProc = processTable().find(({ pid }) => pid === process.pid);
  expect(byPs).toMatchObject({ pid: process.pid, ppid: byProc?.ppid, pgid: byProc?.pgid });
  expect(Date.parse(byPs?.start ?? "")).toBeLessThan(Date.now());
  expect(psRows().length).toBeGreaterThan(1);
  expect(psRows(2 ** 22 + 1)).toEqual([]);
});

test("a group is its leader's session and descendants, and nobody's who has the leader's number later", async () => {
  const child = spawn("/bin/sh", ["-c", "setsid sleep 60 & sleep 60 & wait"], { detached: true, stdio: "ignore" });
  const leader = identify(child.pid ?? 0);
  if (!leader) throw new Error("the shell did not start");
  const group = { leader, folder: "/nowhere" };
  await eventually("the shell has two children", () => membersOf(group).length === 3);
  expect(residentBytes(group)).toBeGreaterThan(100_000);
  expect(membersOf({ ...group, leader: { ...leader, start: "1" } })).toEqual([]);
  for (const { pid } of membersOf(group)) process.kill(pid, "SIGKILL");
  await eventually("all are gone", () => membersOf(group).length === 0 && !isAlive(leader));
});

test("the holder of a port is named; a free one has none", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  expect(await portHolder(port)).toMatchObject({ pid: process.pid, command: expect.stringContaining("node") });
  await new Promise((resolve) => server.close(resolve));
  expect(await portHolder(port)).toBeUndefined();
  const everywhere = createServer().listen(port);
  await new Promise((resolve) => everywhere.once("listening", resolve));
  expect(await portHolder(port)).toMatchObject({ pid: process.pid });
  await new Promise((resolve) => everywhere.close(resolve));
});
