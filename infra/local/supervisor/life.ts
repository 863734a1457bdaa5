import { realpathSync, rmSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { UserError } from "../../plan/problems";
import { endGroup, killGroup, send } from "./ending";
import { markPreparation, needsPreparation, writeFolder } from "./folder";
import { launch, unprivilegedUser } from "./launch";
import { note } from "./logs";
import { failed, type Managed, resolveWaiters, tell } from "./managed";
import { folderOf, logOf } from "./paths";
import { portConflicts } from "./ports";
import { becomesReady, describeProbe } from "./probe";
import { bootId, type Group, isAlive, isUnreaped, membersOf } from "./process-table";
import { groupOf, type ProcessRecord, readRecord, removeRecord, writeRecord } from "./records";
import { until } from "./until";

const READY_TIMEOUT_MS = 60_000;
const PREPARE_TIMEOUT_MS = 300_000;
const REAP_TIMEOUT_MS = 3_000;
/** Between looks at a process that is not our child. */
const WATCH_MS = process.platform === "linux" ? 200 : 1_000;

/** How one start ended. */
export interface Ending {
  readonly how: string;
  /** Undefined: it never was. */
  readonly readyForMs?: number;
  /** No use in trying again while someone waits. */
  readonly final?: Error;
}

interface Running {
  readonly group: Group;
  readonly ended: Promise<string>;
}

/** From the start (or the adoption of one that runs already) to the end of the process and of all that belongs to it. Never throws. */
export async function live(managed: Managed): Promise<Ending> {
  managed.state = "starting";
  try {
    const running = adopt(managed) ?? (await start(managed));
    return await untilItEnds(managed, running);
  } catch (error) {
    if (error instanceof UserError) return { how: error.problems.map((p) => p.message).join("; "), final: error };
    return { how: error instanceof Error ? error.message : String(error) };
  } finally {
    await clear(managed).catch((error: Error) => record(managed, error.message));
  }
}

/** Leaves the record when something could not be killed, so that the next start tries again. */
async function clear(managed: Managed): Promise<void> {
  const { group, stack, spec } = managed;
  managed.state = "stopping"; // ready no more, though its children may take a moment
  if (group) await killGroup(group);
  if (group) removeRecord(stack, spec.name);
  managed.group = undefined;
  managed.startedAt = undefined;
}

async function untilItEnds(managed: Managed, { group, ended }: Running): Promise<Ending> {
  const { spec, stopping, stopped } = managed;
  const limitMs = spec.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const begin = Date.now();
  const over = new AbortController();
  const probe = becomesReady(spec.ready, limitMs, AbortSignal.any([stopping.signal, over.signal]));
  const first = await Promise.race([ended, stopped, probe]);
  over.abort();
  if (typeof first === "string") return { how: first };
  if (first === false && !stopping.signal.aborted) {
    await endGroup(group, spec.stop, (line) => record(managed, line));
    const how = `was not ready within ${limitMs / 1000} s: ${describeProbe(spec.ready)}`;
    return { how, final: failed(managed, how, "NOT_READY") };
  }
  const readyAt = Date.now();
  if (first === true) {
    managed.state = "ready";
    record(managed, `ready after ${readyAt - begin} ms`);
    resolveWaiters(managed);
    const how = await Promise.race([ended, stopped]);
    if (typeof how === "string") return { how, readyForMs: Date.now() - readyAt };
  }
  managed.state = "stopping";
  await endGroup(group, spec.stop, (line) => record(managed, line));
  return { how: "stopped", ...(first === true && { readyForMs: Date.now() - readyAt }) };
}

/** The process that an earlier supervisor left running, when it is just what is asked for. */
function adopt(managed: Managed): Running | undefined {
  const { stack, spec, hash } = managed;
  const former = readRecord(stack, spec.name);
  if (former?.kind !== "process" || former.specHash !== hash || !isAlive(former)) return undefined;
  const group = groupOf(stack, former);
  // Its supervisor may have died while it had the process halted, to rotate the log.
  for (const { pid } of membersOf(group)) send(pid, "SIGCONT");
  managed.group = group;
  managed.startedAt = former.startedAt;
  record(managed, `adopted (pid ${former.pid})`);
  const gone = until(() => !isAlive(former), { everyMs: WATCH_MS });
  return { group, ended: gone.then(() => "ended while it was not our child, so that its exit status is not known") };
}

async function start(managed: Managed): Promise<Running> {
  const { stack, spec } = managed;
  await endFormer(managed);
  const conflicts = await portConflicts(spec.name, spec.ports);
  if (conflicts.length > 0) throw new UserError(conflicts, `${spec.name} cannot start`);
  const user = spec.unprivileged ? unprivilegedUser() : undefined;
  if (needsPreparation(stack, spec)) {
    markPreparation(stack, spec.name, "begun");
    writeFolder(stack, spec, user);
    await prepare(managed);
    markPreparation(stack, spec.name, "done");
  }
  writeFolder(stack, spec, user);
  if (managed.stopping.signal.aborted) throw new Error("stopped before it was started");
  const restart = managed.restarts > 0 ? `, restart ${managed.restarts}` : "";
  return spawn(managed, "process", spec.command, spec.env, (pid) => `started (pid ${pid}${restart})`);
}

/** Whatever an earlier start left, under this supervisor or another, with this spec or another. */
async function endFormer({ stack, spec }: Managed): Promise<void> {
  const former = readRecord(stack, spec.name);
  if (former) {
    await endGroup(groupOf(stack, former), former.stop);
    // A program that keeps a file of its own takes an unreaped process for a running one. Nothing to insist on: in a container, the first process may
    // never reap.
    if (!spec.pidFiles) await until(() => !isUnreaped(former), { limitMs: REAP_TIMEOUT_MS });
  }
  removeRecord(stack, spec.name);
  for (const file of spec.pidFiles ?? []) rmSync(join(folderOf(stack, spec.name), file), { force: true });
}

async function prepare(managed: Managed): Promise<void> {
  const { command = [], env = {}, timeoutMs = PREPARE_TIMEOUT_MS } = managed.spec.prepare ?? {};
  const all = { ...managed.spec.env, ...env };
  const running = spawn(managed, "preparation", command, all, (pid) => `prepares (pid ${pid})`);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const timeout = new Promise<string>((resolve) => {
    late.signal.addEventListener("abort", () => resolve(`took longer than ${timeoutMs / 1000} s`));
  });
  const how = (await Promise.race([running.ended, managed.stopped, timeout])) ?? "was stopped";
  clearTimeout(timer);
  await killGroup(running.group);
  if (how !== "exit 0") throw new Error(`preparation: ${how}`);
}

function spawn(
  managed: Managed,
  kind: ProcessRecord["kind"],
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  line: (pid: number) => string,
): Running {
  const { stack, spec, hash } = managed;
  const user = spec.unprivileged ? unprivilegedUser() : undefined;
  const folder = folderOf(stack, spec.name);
  const { pid, start, go, ended } = launch({
    command,
    env,
    folder,
    log: logOf(stack, spec.name),
    ...(user && { user }),
  });
  const program = programFile(command[0]);
  const group: Group = { leader: { pid, start }, folder, ...(program && { program }) };
  if (pid === 0) return { group, ended };
  const startedAt = Date.now();
  managed.group = group;
  managed.startedAt = startedAt;
  const { stop } = spec;
  const rest = { ...(program && { program }), ...(stop && { stop }) };
  writeRecord(stack, { name: spec.name, pid, start, boot: bootId(), specHash: hash, kind, startedAt, ...rest });
  record(managed, line(pid));
  go();
  return { group, ended };
}

function programFile(program: string | undefined): string | undefined {
  try {
    return program && isAbsolute(program) ? realpathSync(program) : undefined;
  } catch {
    return undefined; // not there: the start will say so
  }
}

function record(managed: Managed, line: string): void {
  note(logOf(managed.stack, managed.spec.name), `${managed.spec.name} ${line}`);
  tell(managed, line);
}
