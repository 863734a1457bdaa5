import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, supervisorOf } from "../../../infra/local/supervisor/client";
import { processTable } from "../../../infra/local/supervisor/process-table";
import type { ProcessSpec, ProcessStatus } from "../../../infra/local/supervisor/protocol";
import { until } from "../../../infra/local/supervisor/until";

export interface TestStack {
  readonly root: string;
  readonly client: Client;
}

// Real processes on a busy machine; what a test waits for has limits of its own, which say what did not happen.
jest.setTimeout(60_000);

const made: TestStack[] = [];

export function testStack(): TestStack {
  const root = join(mkdtempSync(join(tmpdir(), "millrace-test-")), ".millrace", "dev");
  const stack = { root, client: supervisorOf(root) };
  made.push(stack);
  return stack;
}

/** Ends every stack of the test, and fails when a process of one is left. */
export async function endStacks(): Promise<void> {
  for (const { root, client } of made.splice(0)) {
    await client.shutdown();
    const gone = await until(() => processesOf(root).length === 0, { limitMs: 5_000 });
    if (!gone) throw new Error(`still running after shutdown: ${processesOf(root).join("; ")}`);
    rmSync(join(root, "..", ".."), { recursive: true, force: true });
  }
}

/** `pid command` of all that names the folder on its command line or works in it. */
export function processesOf(root: string): string[] {
  return processTable().flatMap(({ pid }) => {
    const command = commandLine(pid);
    return command.includes(root) ? [`${pid} ${command}`] : [];
  });
}

export function commandLine(pid: number): string {
  return readMaybe(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
}

export function supervisorPid(root: string): number {
  const lines = processesOf(root).filter((line) => line.includes(".cjs"));
  if (lines.length !== 1)
    throw new Error(`expected one supervisor of ${root}, found ${lines.length}: ${lines.join("; ")}`);
  return Number.parseInt(lines[0] as string, 10);
}

/** Below the ports that the system gives to outgoing connections, one of which could take it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 7_000);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await new Promise((resolve) =>
      server.once("listening", () => resolve(true)).once("error", () => resolve(false)),
    );
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  if (!(await until(condition, { limitMs, everyMs: 20 })))
    throw new Error(`within ${limitMs} ms this did not happen: ${what}`);
}

/** Waits until the process is ready under another pid than `pid`. */
export async function readyAgain(client: Client, name: string, pid: number | undefined): Promise<ProcessStatus> {
  let now: ProcessStatus | undefined;
  await eventually(`${name} is ready under another pid than ${pid}`, async () => {
    now = (await client.status())?.find((status) => status.name === name);
    return now?.state === "ready" && now.pid !== pid;
  });
  return now as ProcessStatus;
}

/** A small web server in Node that runs `script` first; `port` and the folder's path are there for it. */
export function webServer(name: string, port: number, root: string, script = ""): ProcessSpec {
  const serve = `require("node:http").createServer((q, r) => r.end("ok " + process.pid)).listen(port, "127.0.0.1")`;
  return {
    name,
    // The root on the command line lets a test see what is left of it.
    command: [process.execPath, "-e", `const port = ${port}; ${script}; ${serve}`, root],
    env: {},
    files: {},
    ports: [port],
    ready: { http: `http://127.0.0.1:${port}/`, contains: "ok" },
  };
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

export function readMaybe(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
