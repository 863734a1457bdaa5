import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { basename, join } from "node:path";
import { bundle } from "../bundle";
import { lastLines, openLog, sizeOf } from "./logs";
import type { StackPaths } from "./paths";
import { SupervisorError } from "./protocol";
import { until } from "./until";
import { answers } from "./wire";

const START_TIMEOUT_MS = 30_000;
/** All that the supervisor and, through PATH, its processes get from the environment of whoever happens to start it. */
const handedOn = ["PATH", "HOME", "TMPDIR", "LANG", "MILLRACE_CACHE", "XDG_CACHE_HOME", "JAVA_HOME"];

let code: Promise<string> | undefined;
const starting = new Map<string, Promise<void>>();

/** The supervisor's program in one file, built at the first use. */
export function supervisorCode(): Promise<string> {
  code ??= bundle(join(__dirname, "server.ts"));
  return code;
}

/** The name by which a supervisor and its client know whether they are of the same code. */
export async function codeName(): Promise<string> {
  return basename(await supervisorCode());
}

/** Starts a supervisor, unless one serves already; any number of callers in any number of processes get the same one. */
export function startSupervisor(stack: StackPaths): Promise<void> {
  const known = starting.get(stack.root);
  if (known) return known;
  const start = startOnce(stack).finally(() => starting.delete(stack.root));
  starting.set(stack.root, start);
  return start;
}

async function startOnce(stack: StackPaths): Promise<void> {
  const log = stack.supervisorLog;
  const from = sizeOf(log);
  const limit = Date.now() + START_TIMEOUT_MS;
  let failure: string | undefined;
  while (failure === undefined && Date.now() < limit) {
    if (await answers(stack.socket)) return;
    const launched = await launch(stack);
    const done = async () => launched.end !== undefined || (await answers(stack.socket));
    await until(done, { limitMs: limit - Date.now(), everyMs: 20 });
    // One that ends well has found another at work, or was left by it: look again.
    if (launched.end !== "exit 0") failure = launched.end;
  }
  const lines = lastLines(log, 20, from).map((line) => `    ${line}`);
  const how = failure === undefined ? ` within ${START_TIMEOUT_MS / 1000} s` : `: ${failure}`;
  const message = `The supervisor of ${stack.root} did not start${how}.`;
  throw new SupervisorError([message, `  Last lines of ${log}:`, ...lines].join("\n"), "NO_SUPERVISOR");
}

/** Starts the program, which outlives us. @returns how it ended, as soon as it did */
async function launch(stack: StackPaths): Promise<{ readonly end: string | undefined }> {
  const fd = openLog(stack.supervisorLog);
  const env = Object.fromEntries(handedOn.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const child = spawn(process.execPath, ["--enable-source-maps", await supervisorCode(), stack.root], {
    cwd: "/",
    env,
    detached: true,
    stdio: ["ignore", fd, fd],
  });
  closeSync(fd);
  child.unref();
  const launched: { end: string | undefined } = { end: undefined };
  child.once("error", (cause) => {
    launched.end = cause.message;
  });
  child.once("exit", (code, signal) => {
    launched.end ??= signal ?? `exit ${code}`;
  });
  return launched;
}
