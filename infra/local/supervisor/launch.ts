import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, readFileSync } from "node:fs";
import { openLog } from "./logs";
import { type Identity, identify } from "./process-table";

export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Working folder, and HOME. */
  readonly folder: string;
  readonly log: string;
  /** Runs as this user instead of ours. */
  readonly user?: User;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Launched extends Identity {
  /** Lets the program start; until then the process is there, and waits. */
  readonly go: () => void;
  /** How it ended: `exit 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
}

/**
 * Waits for a line before it becomes the program: so the process can be recorded before it does anything, and when the supervisor dies in between, the
 * line never comes and nothing is left running that nobody knows of.
 */
const GATE = 'IFS= read -r go && exec "$@" </dev/null';

/** Starts a process in a session of its own that writes straight to its log, so that it needs nothing of the supervisor to live on. */
export function launch({ command, env, folder, log, user }: Launch): Launched {
  const fd = openLog(log);
  try {
    const drop = user && (canKeepCapabilities(user) ? { words: setpriv(user), ids: {} } : { words: [], ids: user });
    const child = spawn("/bin/sh", ["-c", GATE, "sh", ...(drop?.words ?? []), ...command], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, LANG: utf8, TZ: "UTC", ...env },
      detached: true,
      stdio: ["pipe", fd, fd],
      ...drop?.ids,
    });
    const ended = ending(child);
    child.stdin?.on("error", () => undefined); // ended before it could read; `ended` tells
    const self = child.pid === undefined ? undefined : identify(child.pid);
    return { pid: self?.pid ?? 0, start: self?.start ?? "", go: () => child.stdin?.end("go\n"), ended };
  } finally {
    closeSync(fd);
  }
}

const utf8 = process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8";

function ending(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => resolve(signal ?? `exit ${code}`));
  });
}

/** `nobody`, when we are root; else undefined, as we are unprivileged already. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entry = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  return entry ? { uid: Number(entry[1]), gid: Number(entry[2]) } : { uid: 65534, gid: 65534 };
}

/** With the two capabilities `nobody` reaches its folder even below a home that only root may enter. It still cannot become root. */
function setpriv({ uid, gid }: User): string[] {
  const keep = "+dac_override,+dac_read_search";
  const ids = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  return ["setpriv", ...ids, "--inh-caps", keep, "--ambient-caps", keep];
}

let keepsCapabilities: boolean | undefined;

/** False without util-linux (macOS), or where the machine does not let us have them. */
function canKeepCapabilities(user: User): boolean {
  if (keepsCapabilities !== undefined) return keepsCapabilities;
  try {
    const [program = "", ...words] = [...setpriv(user), "true"];
    execFileSync(program, words, { stdio: "ignore" });
    keepsCapabilities = true;
  } catch {
    keepsCapabilities = false;
  }
  return keepsCapabilities;
}
