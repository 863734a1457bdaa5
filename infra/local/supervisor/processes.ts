import { endGroup } from "./ending";
import { removeFolder } from "./folder";
import { type Beginning, keepRunning, stop } from "./keep-running";
import { MAX_LOG_BYTES, note, rotate, sizeOf } from "./logs";
import { type Managed, whenReady } from "./managed";
import { logOf, type StackPaths } from "./paths";
import { membersOf, processTable, residentBytes } from "./process-table";
import { type Keeper, type ProcessSpec, type ProcessStatus, type Request, SupervisorError } from "./protocol";
import { groupOf, type ProcessRecord, readRecord, removeRecord, specHash, survivors } from "./records";

interface Processes {
  readonly stack: StackPaths;
  readonly managed: Map<string, Managed>;
  /** The last change to each process: the next one waits for it. */
  readonly turns: Map<string, Promise<unknown>>;
  /** Counts what `Managed.ensuredAt` and `firstReadyAt` are told in. */
  clock: number;
}

type Progress = (line: string) => void;
/** A process that a former supervisor kept, with its place in the order. */
type HandedOver = { readonly spec: ProcessSpec } & Pick<Managed, "ensuredAt" | "firstReadyAt">;

const ROTATE_EVERY_MS = 1_000;

/** Keeps operating-system processes running: `ensure`, `status`, `restart`, `remove`, `takeOver`. */
export function createProcesses(stack: StackPaths): Keeper {
  const all: Processes = { stack, managed: new Map(), turns: new Map(), clock: 0 };
  rotateLogs(all);
  return {
    handle: (request, progress) => handle(all, request, progress),
    busy: () => [...all.managed.values()].some((one) => one.state !== "stopped") || survivors(stack).length > 0,
    stop: () => stopAll(all),
    handOver: () => handOver(all),
  };
}

function handle(all: Processes, { method, params }: Request, progress: Progress): Promise<unknown> | undefined {
  switch (method) {
    case "ensure":
      return ensure(all, params as ProcessSpec, progress);
    case "status":
      return Promise.resolve(statusOfAll(all, (params as { memory?: boolean } | undefined)?.memory ?? true));
    case "restart":
      return restart(all, (params as { name: string }).name, progress);
    case "remove": {
      const { name, keepData = false } = params as { name: string; keepData?: boolean };
      return inTurn(all, name, () => remove(all, name, keepData));
    }
    case "takeOver":
      return Promise.resolve(takeOver(all, params as HandedOver));
    default:
      return undefined;
  }
}

async function ensure(all: Processes, spec: ProcessSpec, progress: Progress): Promise<ProcessStatus> {
  const ready = await inTurn(all, spec.name, async () => {
    const former = all.managed.get(spec.name);
    const hash = specHash(all.stack, spec);
    const same = former !== undefined && former.hash === hash && former.state !== "stopped";
    if (former && !same) {
      progress(`${spec.name}: has another spec now, restarts`);
      await stop(former);
    }
    const { ensuredAt = ++all.clock, firstReadyAt } = former ?? {};
    const managed = same ? former : begin(all, { spec, hash, ensuredAt, firstReadyAt });
    return { wait: awaitReady(all, managed, progress) };
  });
  return ready.wait;
}

async function restart(all: Processes, name: string, progress: Progress): Promise<ProcessStatus> {
  const ready = await inTurn(all, name, async () => {
    const former = all.managed.get(name);
    if (!former) throw unknownProcess(all, name);
    const { spec, hash, ensuredAt, firstReadyAt } = former;
    // Whoever waits for the process to be ready goes on waiting.
    const waiters = new Set(former.waiters);
    former.waiters.clear();
    await stop(former);
    return { wait: awaitReady(all, begin(all, { spec, hash, ensuredAt, firstReadyAt, waiters }), progress) };
  });
  return ready.wait;
}

function begin(all: Processes, what: Omit<Beginning, "stack">): Managed {
  const managed = keepRunning({ ...what, stack: all.stack });
  all.managed.set(what.spec.name, managed);
  return managed;
}

async function awaitReady(all: Processes, managed: Managed, progress: Progress): Promise<ProcessStatus> {
  await whenReady(managed, progress);
  managed.firstReadyAt ??= ++all.clock;
  return statusOf(managed, processTable());
}

async function remove(all: Processes, name: string, keepData: boolean): Promise<void> {
  const managed = all.managed.get(name);
  if (managed) await stop(managed);
  const record = readRecord(all.stack, name);
  if (record) await endSurvivor(all, record);
  removeRecord(all.stack, name);
  if (!keepData) removeFolder(all.stack, name);
  all.managed.delete(name);
}

/**
 * In reverse order: a process waits for those that were first asked for after it was ready, as only they can build on it. Those that were on their way up
 * together go down together.
 */
async function stopAll(all: Processes): Promise<void> {
  const stops = new Map<Managed, Promise<void>>();
  const stopAfterOthers = (one: Managed): Promise<void> => {
    const known = stops.get(one);
    if (known) return known;
    const later = [...all.managed.values()].filter(
      (other) => other.ensuredAt > (one.firstReadyAt ?? Number.POSITIVE_INFINITY),
    );
    const stopped = Promise.all(later.map(stopAfterOthers)).then(() => stop(one));
    stops.set(one, stopped);
    return stopped;
  };
  await Promise.all([...all.managed.values()].map(stopAfterOthers));
  await Promise.all(survivors(all.stack).map((record) => endSurvivor(all, record)));
}

/** A process that no supervisor knows any more, but for its record. */
async function endSurvivor(all: Processes, record: ProcessRecord): Promise<void> {
  await endGroup(groupOf(all.stack, record), record.stop);
  note(logOf(all.stack, record.name), `${record.name} stopped`);
  removeRecord(all.stack, record.name);
}

function handOver(all: Processes): Request[] {
  const running = [...all.managed.values()].filter((one) => one.state !== "stopped");
  return running.map(({ spec, ensuredAt, firstReadyAt }) => {
    return { method: "takeOver", params: { spec, ensuredAt, firstReadyAt } satisfies HandedOver };
  });
}

/** Goes on with a process that a former supervisor kept, unless someone was quicker to ask for it here. */
function takeOver(all: Processes, { spec, ensuredAt, firstReadyAt }: HandedOver): void {
  all.clock = Math.max(all.clock, ensuredAt, firstReadyAt ?? 0);
  if (all.managed.has(spec.name)) return;
  begin(all, { spec, hash: specHash(all.stack, spec), ensuredAt, firstReadyAt });
}

function statusOfAll(all: Processes, memory: boolean): ProcessStatus[] {
  const table = memory ? processTable() : undefined;
  const inOrder = [...all.managed.values()].sort((a, b) => a.ensuredAt - b.ensuredAt);
  return inOrder.map((managed) => statusOf(managed, table));
}

/** @param table for the memory of the process, which is left out without it */
function statusOf(managed: Managed, table?: ReturnType<typeof processTable>): ProcessStatus {
  const { spec, state, group, startedAt, restarts, lastExit, hash } = managed;
  return {
    name: spec.name,
    state,
    ...(group && { pid: group.leader.pid }),
    ...(group && table && { rssBytes: residentBytes(group, table) }),
    ...(startedAt !== undefined && { startedAt }),
    restarts,
    ...(lastExit !== undefined && { lastExit }),
    ports: spec.ports,
    specHash: hash,
  };
}

function unknownProcess(all: Processes, name: string): SupervisorError {
  const known = [...all.managed.keys()].join(", ") || "none";
  return new SupervisorError(
    `There is no process ${JSON.stringify(name)} in this stack; there are: ${known}.`,
    "UNKNOWN_PROCESS",
  );
}

/** One change at a time to each process, in the order asked for. */
function inTurn<T>(all: Processes, name: string, change: () => Promise<T>): Promise<T> {
  const result = (all.turns.get(name) ?? Promise.resolve()).then(change);
  const done = result.catch(() => undefined);
  all.turns.set(name, done);
  void done.then(() => all.turns.get(name) === done && all.turns.delete(name));
  return result;
}

function rotateLogs(all: Processes): void {
  const look = async () => {
    for (const { spec, group } of all.managed.values()) {
      const log = logOf(all.stack, spec.name);
      if (sizeOf(log) <= MAX_LOG_BYTES) continue;
      await rotate(log, () => (group ? membersOf(group).map(({ pid }) => pid) : [])).catch((error: Error) =>
        note(all.stack.supervisorLog, `${log} cannot be rotated: ${error.message}`),
      );
    }
    setTimeout(look, ROTATE_EVERY_MS).unref();
  };
  setTimeout(look, ROTATE_EVERY_MS).unref();
}
