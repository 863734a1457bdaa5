import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Problem } from "../../plan/problems";

export interface PortHolder {
  /** 0 when the system does not let us see whose it is. */
  readonly pid: number;
  /** Command line, at most 160 characters. */
  readonly command: string;
}

/** Who listens on the TCP port such that nothing else can on 127.0.0.1; undefined when it is free. */
export function portHolder(port: number): Promise<PortHolder | undefined> {
  return process.platform === "linux" ? Promise.resolve(linuxHolder(port)) : lsofHolder(port);
}

/** One problem for each port of `name` that is taken. */
export async function portConflicts(name: string, ports: readonly number[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const port of ports) {
    const holder = await portHolder(port);
    if (!holder) continue;
    const whose = holder.pid ? `by pid ${holder.pid} (${holder.command})` : `by ${holder.command}`;
    problems.push({
      message: `port ${port} of ${name} is in use ${whose}`,
      fix: "Stop that process, or move the ports of this stack: config millrace:portBase.",
    });
  }
  return problems;
}

/** Addresses that keep others off 127.0.0.1, as the kernel writes them: in words of 32 bits, each in the machine's byte order. */
const conflicting = new Set([
  "00000000", // 0.0.0.0
  "0100007F", // 127.0.0.1
  "00000000000000000000000000000000", // ::
  "0000000000000000FFFF00000100007F", // ::ffff:127.0.0.1
  "0000000000000000FFFF000000000000", // ::ffff:0.0.0.0
]);
const LISTEN = "0A";

function linuxHolder(port: number): PortHolder | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of read(table).split("\n").slice(1)) {
      const [, local = "", , state, , , , uid, , inode] = line.trim().split(/\s+/);
      const [address = "", localPort] = local.split(":");
      if (localPort !== hexPort || state !== LISTEN || !conflicting.has(address)) continue;
      const pid = pidOfSocket(`socket:[${inode}]`);
      return pid ? { pid, command: commandOf(pid) } : { pid: 0, command: `a process of the user with number ${uid}` };
    }
  }
  return undefined;
}

function pidOfSocket(socket: string): number | undefined {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const holds = (pid: string) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => link(`/proc/${pid}/fd/${fd}`) === socket);
    } catch {
      return false; // another user's, or gone
    }
  };
  const found = pids.find(holds);
  return found === undefined ? undefined : Number(found);
}

function commandOf(pid: number): string {
  const words = read(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
  return shorten(words || read(`/proc/${pid}/comm`).trim());
}

function lsofHolder(port: number): Promise<PortHolder | undefined> {
  return new Promise((resolve) => {
    execFile("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fp"], (_error, stdout) => {
      const pid = Number(/^p(\d+)/m.exec(stdout)?.[1] ?? 0);
      if (!pid) return resolve(undefined);
      execFile("ps", ["-o", "command=", "-p", String(pid)], (_gone, command) =>
        resolve({ pid, command: shorten(command.trim()) }),
      );
    });
  });
}

function shorten(command: string): string {
  return command.length > 160 ? `${command.slice(0, 159)}…` : command;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
