import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLines, MAX_LOG_BYTES, openLog, rotate } from "../../../infra/local/supervisor/logs";
import { endStacks, eventually, freePort, readMaybe, testStack, webServer } from "./stack";

const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
afterEach(endStacks);
afterAll(() => rmSync(folder, { recursive: true }));

const parts = (log: string) => [3, 2, 1].map((n) => `${log}.${n}`).filter(existsSync);
const numbers = (text: string) =>
  text
    .split("\n")
    .filter((line) => /^\d+$/.test(line))
    .map(Number);

test("rotation under a writer at full speed loses no line and tears none", async () => {
  const log = join(folder, "busy.log");
  const fd = openLog(log);
  const total = 400_000;
  const script = `const fs = require("node:fs"); for (let n = 0; n < ${total}; n++) fs.writeSync(1, n + "\\n")`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", fd, fd] });
  closeSync(fd);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const kept: string[] = [];
  let rotations = 0;
  while (child.exitCode === null) {
    await eventually("the log grows", () => child.exitCode !== null || statSync(log).size > 100_000);
    if (!(await rotate(log, () => [child.pid as number]))) continue;
    kept.push(readFileSync(`${log}.1`, "utf8"));
    rotations++;
  }
  expect(await ended).toBe(0);
  expect(rotations).toBeGreaterThan(5);
  const written = numbers(kept.join("") + readFileSync(log, "utf8"));
  expect(written).toHaveLength(total);
  expect(written.every((n, i) => n === i)).toBe(true);
});

test("three old logs are kept", async () => {
  const log = join(folder, "old.log");
  for (let n = 1; n <= 5; n++) {
    writeFileSync(log, `${n}\n`);
    expect(await rotate(log, () => [])).toBe(true);
  }
  expect(parts(log).map((path) => readFileSync(path, "utf8"))).toEqual(["3\n", "4\n", "5\n"]);
  expect([statSync(log).size, existsSync(`${log}.4`), existsSync(`${log}.new`)]).toEqual([0, false, false]);
});

test("the last lines are those since the offset", () => {
  const log = join(folder, "tail.log");
  writeFileSync(log, "old\none\ntwo\nthree\n");
  expect(lastLines(log, 2)).toEqual(["two", "three"]);
  expect(lastLines(log, 20, 4)).toEqual(["one", "two", "three"]);
  expect(lastLines(join(folder, "none.log"), 20)).toEqual([]);
});

test("the supervisor rotates a process's log when it is large, and the process writes on", async () => {
  const { client, root } = testStack();
  const line = "x".repeat(99);
  const script = `const fs = require("node:fs"); for (let n = 0; n < 120_000; n++) fs.writeSync(1, "${line}\\n");
    setInterval(() => fs.writeSync(1, "alive\\n"), 20)`;
  await client.ensure(webServer("app", await freePort(), root, script));
  const log = join(root, "logs", "app.log");
  await eventually("the log is rotated", () => existsSync(`${log}.1`));
  await eventually("the process writes on into the emptied log", () => readMaybe(log).startsWith("alive"));
  expect(statSync(`${log}.1`).size).toBeGreaterThan(MAX_LOG_BYTES);
  expect(
    readFileSync(`${log}.1`, "utf8")
      .split("\n")
      .filter((text) => text === line),
  ).toHaveLength(120_000);
});
