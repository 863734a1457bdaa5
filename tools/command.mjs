import { spawn } from "node:child_process";
import { userError } from "./user-error.mjs";

/** Programs that this process started and that still run: they end with it. */
const running = new Set();
let watching = false;
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

function endWithUs() {
  for (const [signal, number] of Object.entries(signals)) {
    process.once(signal, () => {
      endAll();
      // Locks and staging folders need no care: the next run sees that their holder, and its children, are dead.
      process.exit(128 + number);
    });
  }
}

/** Ends what runs, because something else failed. */
export function endAll() {
  for (const child of running) child.kill("SIGTERM");
}

/** From here on signals are the script's own affair. */
export function leaveSignalsAlone() {
  for (const signal of Object.keys(signals)) process.removeAllListeners(signal);
  watching = false;
}

/**
 * Runs a program and gives its stdout; its output is shown only when it fails. `onStart` gets the process id, for a lock.
 * @param {string[]} command program and arguments, no shell
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onStart?: (pid: number) => void }} [options]
 */
export function run(command, options = {}) {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    if (!watching) endWithUs();
    watching = true;
    if (child.pid !== undefined) options.onStart?.(child.pid);
    let stdout = "";
    let all = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      all += chunk;
    });
    child.stderr.on("data", (chunk) => {
      all += chunk;
    });
    child.on("error", (error) => reject(failed(command, error.message, all)));
    child.on("close", (code, signal) => {
      running.delete(child);
      if (code === 0) resolve(stdout);
      else reject(failed(command, signal ?? `exit ${code}`, all));
    });
  });
}

function failed(command, how, output) {
  const lines = output.trimEnd().split("\n");
  // npm says at the beginning what is wrong, Maven and Go at the end.
  const shown =
    lines.length > 40 ? [...lines.slice(0, 15), `… ${lines.length - 40} more lines …`, ...lines.slice(-25)] : lines;
  const text = output.trim() && `\n    ${shown.join("\n    ")}`;
  return userError([
    {
      message: `\`${command.join(" ")}\` failed: ${how}${text}`,
      fix: "look at the output above; the same command again goes on from where this one ended",
    },
  ]);
}
