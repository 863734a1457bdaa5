import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { sep } from "node:path";

/** A process beyond doubt: numbers are used again, a number with its start time is not. */
export interface Identity {
  readonly pid: number;
  /** Kernel start time, in the system's own form; only ever compared. */
  readonly start: string;
}

export interface TableRow extends Identity {
  readonly ppid: number;
  readonly pgid: number;
  /** Session; on macOS the process group, which is all that `ps` tells. */
  readonly sid: number;
  /** First letter as in `ps`: R, S, D, T (stopped), Z (gone, not yet waited for). */
  readonly state: string;
}

/** The processes that belong to one start of a spec. */
export interface Group {
  /** First process, which leads the session and the process group. */
  readonly leader: Identity;
  /** Working folder of the process. */
  readonly folder: string;
  /** Program file, when the command names it by an absolute path. */
  readonly program?: string;
}

const linux = process.platform === "linux";

/** All processes there are, but those that only wait to be reaped. */
export function processTable(): TableRow[] {
  const rows = linux ? readdirSync("/proc").map((name) => linuxRow(name)) : psRows();
  return rows.filter((row) => row !== undefined && isRunning(row)) as TableRow[];
}

/** Undefined when there is no such process, or only its remains. */
export function identify(pid: number): Identity | undefined {
  const row = linux ? linuxRow(String(pid)) : psRows(pid)[0];
  return row && isRunning(row) ? { pid, start: row.start } : undefined;
}

export function isAlive({ pid, start }: Identity): boolean {
  return identify(pid)?.start === start;
}

/** Dead, but not yet waited for by its parent: its number still looks taken to whoever asks only for that. */
export function isUnreaped({ pid, start }: Identity): boolean {
  const row = linux ? linuxRow(String(pid)) : psRows(pid)[0];
  return row !== undefined && row.start === start && !isRunning(row);
}

/** Names this boot of the machine (and this container): outside of it, process numbers and start times mean nothing. */
export function bootId(): string {
  if (!linux) return execFileSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8" }).trim();
  return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
}

/**
 * The group's processes that are alive: of its session or process group, descendants of such, and those that run the group's
 * program in its folder (Postgres's children lead sessions of their own, and lose their parent with the postmaster).
 */
export function membersOf(group: Group, table = processTable()): Identity[] {
  const { pid, start } = group.leader;
  const now = table.find((row) => row.pid === pid);
  // While a group has members its number is not given away; so if the leader is another process, the group is gone.
  const numberIsOurs = now === undefined || now.start === start;
  const found = new Set<number>();
  for (const row of table) {
    if (numberIsOurs && (row.pid === pid || row.pgid === pid || row.sid === pid)) found.add(row.pid);
    else if (runsInFolder(row.pid, group)) found.add(row.pid);
  }
  addDescendants(found, table);
  found.delete(process.pid);
  return table.filter((row) => found.has(row.pid)).map((row) => ({ pid: row.pid, start: row.start }));
}

/** Resident bytes of the group. Pages that several of its processes share count once where the system tells (Linux). */
export function residentBytes(group: Group, table = processTable()): number {
  const members = membersOf(group, table);
  if (linux) return members.reduce((sum, { pid }) => sum + linuxResident(pid), 0);
  if (members.length === 0) return 0;
  const pids = members.map(({ pid }) => pid).join(",");
  return runPs(["-o", "rss=", "-p", pids]).reduce((sum, line) => sum + Number(line) * 1024, 0);
}

/** True when every thread of the process is stopped or gone, so that it writes nothing. */
export function isHalted(pid: number): boolean {
  if (!linux) return psRows(pid).every((row) => /^[TZ]/.test(row.state));
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => /^[TtZX]/.test(linuxRow(`${pid}/task/${thread}`)?.state ?? "X"));
  } catch {
    return true;
  }
}

function isRunning(row: TableRow): boolean {
  return !/^[ZX]/.test(row.state);
}

function addDescendants(found: Set<number>, table: readonly TableRow[]): void {
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const row of table) if (found.has(row.ppid)) found.add(row.pid);
  }
}

function runsInFolder(pid: number, { folder, program }: Group): boolean {
  if (!linux || !program) return false;
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    if (cwd !== folder && !cwd.startsWith(folder + sep)) return false;
    return readlinkSync(`/proc/${pid}/exe`) === realpathSync(program);
  } catch {
    return false;
  }
}

function linuxRow(path: string): TableRow | undefined {
  if (!/^\d/.test(path)) return undefined;
  let text: string;
  try {
    text = readFileSync(`/proc/${path}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in brackets, and may hold anything; see proc(5) for the numbers.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state = "", ppid, pgid, sid] = fields;
  return {
    pid: Number.parseInt(text, 10),
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: Number(sid),
    state,
    start: fields[22 - 3] ?? "",
  };
}

function linuxResident(pid: number): number {
  try {
    const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    if (pss) return Number(pss[1]) * 1024;
  } catch {
    // Only the owner and root may read it, and some kernels do not have it.
  }
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** For systems without /proc. */
export function psRows(pid?: number): TableRow[] {
  const which = pid === undefined ? ["-ax"] : ["-p", String(pid)];
  return runPs([...which, "-o", "pid=,ppid=,pgid=,state=,lstart="]).flatMap((line) => {
    const [, id, ppid, pgid, state = "", start = ""] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    const group = Number(pgid);
    return id ? [{ pid: Number(id), ppid: Number(ppid), pgid: group, sid: group, state, start }] : [];
  });
}

function runPs(args: string[]): string[] {
  try {
    const env = { ...process.env, LC_ALL: "C" };
    const text = execFileSync("ps", args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] });
    return text.split("\n").filter((line) => line.trim() !== "");
  } catch {
    return []; // `ps -p` of a process that is gone ends with 1
  }
}
