import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { graphKey, type JobScript, jobGraph, withResumed } from "../job-graphs";
import {
  allTasksRun,
  cancel,
  isActive,
  jobsOf,
  lastException,
  newestSnapshot,
  stopWithSavepoint,
  submit,
} from "./flink";
import type { Keeper } from "./protocol";
import { until } from "./until";

/** One Flink SQL job that must run. */
export interface JobSpec extends JobScript {
  /** Flink's `pipeline.name`, unique in the stack. */
  readonly name: string;
  /** Base URL. */
  readonly jobManager: string;
  /** Holds `checkpoints/<job id>/chk-<n>` and `savepoints/<name>/`. */
  readonly folder: string;
}

export interface JobStatus {
  readonly name: string;
  /** Flink's own word, or UNREACHABLE when the job manager does not answer, or GONE. */
  readonly state: string;
  readonly jobId?: string;
  readonly startedAt?: number;
  /** Times it was submitted again since the supervisor started. */
  readonly resubmissions: number;
  readonly error?: string;
}

interface Kept {
  spec: JobSpec;
  status: JobStatus;
  /** Operations on one job never overlap. */
  busy: Promise<unknown>;
  notBefore: number;
}

/**
 * Keeps SQL jobs running on a session cluster, which forgets its jobs when the job manager dies: looks once a second, and
 * submits what is missing from its newest checkpoint. Answers `ensureJob` (a `JobSpec`), `removeJob` (`{ name }`), `jobs` and
 * `takeOverJob`.
 */
export function createJobs(log: (line: string) => void): Keeper {
  const jobs = new Map<string, Kept>();
  const timer = setInterval(() => {
    for (const kept of jobs.values()) void exclusive(kept, () => look(kept)).catch(() => {});
  }, 1000);

  async function look(kept: Kept): Promise<void> {
    if (!jobs.has(kept.spec.name)) return;
    const active = await activeJob(kept.spec).catch(() => "unreachable" as const);
    if (active === "unreachable") {
      kept.status = { ...kept.status, state: "UNREACHABLE" };
      return;
    }
    if (active) {
      const error = active.state === "RUNNING" ? undefined : await lastException(kept.spec.jobManager, active.jid);
      kept.status = { ...statusOf(kept, active), ...(error && { error }) };
      return;
    }
    if (Date.now() < kept.notBefore) return;
    kept.status = { ...kept.status, state: "GONE", resubmissions: kept.status.resubmissions + 1 };
    try {
      await start(kept);
      log(`job ${kept.spec.name} was gone: submitted again as ${kept.status.jobId}`);
    } catch (error) {
      kept.notBefore = Date.now() + Math.min(30_000, 1000 * 2 ** Math.min(5, kept.status.resubmissions));
      kept.status = { ...kept.status, error: (error as Error).message };
      log(`job ${kept.spec.name} could not be submitted: ${(error as Error).message}`);
    }
  }

  async function start(kept: Kept, from?: string): Promise<void> {
    const { spec } = kept;
    const record = readRecord(spec);
    const snapshot = from ?? newestSnapshot(spec.folder, spec.name, record.jobIds);
    const jobId = await submitted(spec, snapshot, record.jobIds.length === 0);
    writeRecord(spec, { jobIds: [jobId, ...record.jobIds].slice(0, 5), hash: graphKey(spec) });
    log(`job ${spec.name} submitted as ${jobId} ${snapshot ? `from ${snapshot}` : "from the beginning"}`);
    kept.status = { ...kept.status, state: "CREATED", jobId, startedAt: Date.now() };
  }

  async function ensure(spec: JobSpec): Promise<JobStatus> {
    const kept: Kept = jobs.get(spec.name) ?? {
      spec,
      status: { name: spec.name, state: "CREATED", resubmissions: 0 },
      busy: Promise.resolve(),
      notBefore: 0,
    };
    return exclusive(kept, async () => {
      kept.spec = spec;
      const active = await activeJob(spec);
      if (active && readRecord(spec).hash !== graphKey(spec)) {
        await start(kept, await stopSaved(spec, active.jid));
      } else if (active) kept.status = statusOf(kept, active);
      else await start(kept);
      await untilRunning(kept);
      jobs.set(spec.name, kept);
      return kept.status;
    });
  }

  /** A job that cannot save its state any more, because what it reads breaks it, goes on from its last checkpoint. */
  async function stopSaved(spec: JobSpec, jid: string): Promise<string | undefined> {
    try {
      const savepoint = await stopWithSavepoint(spec.jobManager, jid, join(spec.folder, "savepoints", spec.name));
      log(`job ${spec.name} stopped with savepoint ${savepoint}`);
      return savepoint;
    } catch (error) {
      log(`job ${spec.name} is ended without a savepoint: ${(error as Error).message}`);
      await cancel(spec.jobManager, jid);
      await until(async () => (await activeJob(spec)) === undefined, { limitMs: 30_000, everyMs: 50 });
      return undefined;
    }
  }

  async function remove(name: string): Promise<void> {
    const kept = jobs.get(name);
    jobs.delete(name);
    if (!kept) return;
    await exclusive(kept, async () => {
      const active = await activeJob(kept.spec).catch(() => undefined);
      if (active) await cancel(kept.spec.jobManager, active.jid);
      for (const jid of readRecord(kept.spec).jobIds) {
        rmSync(join(kept.spec.folder, "checkpoints", jid), { recursive: true, force: true });
      }
      rmSync(join(kept.spec.folder, "savepoints", name), { recursive: true, force: true });
      rmSync(recordFile(kept.spec), { force: true });
    });
  }

  return {
    handle({ method, params }) {
      if (method === "ensureJob") return ensure(params as JobSpec);
      if (method === "removeJob") return remove((params as { name: string }).name);
      if (method === "jobs") return Promise.resolve([...jobs.values()].map((kept) => kept.status));
      if (method !== "takeOverJob") return undefined;
      const { spec, status } = params as Pick<Kept, "spec" | "status">;
      if (!jobs.has(spec.name)) jobs.set(spec.name, { spec, status, busy: Promise.resolve(), notBefore: 0 });
      return Promise.resolve(null);
    },
    // Jobs live in processes, and alone need no supervisor.
    busy: () => false,
    stop: async () => {
      clearInterval(timer);
    },
    handOver: () => [...jobs.values()].map(({ spec, status }) => ({ method: "takeOverJob", params: { spec, status } })),
  };
}

async function exclusive<T>(kept: Kept, work: () => Promise<T>): Promise<T> {
  const turn = kept.busy.then(work, work);
  kept.busy = turn.catch(() => {});
  return turn;
}

const activeJob = async (spec: JobSpec) =>
  (await jobsOf(spec.jobManager)).find((job) => job.name === spec.name && isActive(job));

function statusOf(kept: Kept, job: { jid: string; state: string; "start-time": number }): JobStatus {
  const { name, resubmissions } = kept.status;
  return { name, state: job.state, jobId: job.jid, startedAt: job["start-time"], resubmissions };
}

/** Waits until every task runs. A job that cannot is ended, so that nothing half-started stays. */
async function untilRunning(kept: Kept): Promise<void> {
  const { jobManager, name } = kept.spec;
  const jid = kept.status.jobId as string;
  const limit = 180_000;
  const until = Date.now() + limit;
  while (Date.now() < until) {
    const job = (await jobsOf(jobManager)).find((known) => known.jid === jid);
    if (!job || !isActive(job)) {
      throw new Error(
        `job ${name} ended at its start: ${(await lastException(jobManager, jid)) ?? job?.state ?? "gone"}`,
      );
    }
    if (await allTasksRun(jobManager, jid)) {
      kept.status = statusOf(kept, job);
      return;
    }
    await delay(150);
  }
  const error = await lastException(jobManager, jid);
  await cancel(jobManager, jid);
  throw new Error(`job ${name} does not run after ${limit / 1000} s: ${error ?? "its tasks wait for free slots"}`);
}

/** A graph holds its job's id: the one that is kept serves the first submission, and later ones get one of their own. */
async function submitted(spec: JobSpec, snapshot: string | undefined, isFirst: boolean): Promise<string> {
  const submitGraph = (graph: string) => submit(spec.jobManager, graph);
  if (!isFirst || snapshot) return withResumed(spec, snapshot, submitGraph);
  return submitGraph(await jobGraph(spec));
}

interface JobRecord {
  readonly jobIds: readonly string[];
  readonly hash?: string;
}
/** The ids a job has had, by which its checkpoints are found; beside them, so that it goes where they go. */
const recordFile = ({ folder, name }: JobSpec) => join(folder, "jobs", `${name}.json`);

function readRecord(spec: JobSpec): JobRecord {
  try {
    return JSON.parse(readFileSync(recordFile(spec), "utf8"));
  } catch {
    return { jobIds: [] };
  }
}

function writeRecord(spec: JobSpec, record: JobRecord): void {
  mkdirSync(dirname(recordFile(spec)), { recursive: true });
  writeFileSync(recordFile(spec), JSON.stringify(record));
}
