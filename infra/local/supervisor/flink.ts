import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isStatus, request } from "../http";

/** Flink's REST interfaces, as far as keeping SQL jobs needs them. URLs are bases without a slash at the end. */

export interface FlinkJob {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  /** Epoch ms. */
  readonly "start-time": number;
}

/** Jobs the job manager knows, ended ones too; throws when it does not answer. */
export async function jobsOf(jobManager: string): Promise<FlinkJob[]> {
  return (await request<{ jobs: FlinkJob[] }>("GET", `${jobManager}/jobs/overview`, undefined, 5000)).jobs;
}

export const isActive = (job: FlinkJob): boolean =>
  ["INITIALIZING", "CREATED", "RUNNING", "FAILING", "RESTARTING", "RECONCILING"].includes(job.state);

/** Whether every task runs, not only the job as such. */
export async function allTasksRun(jobManager: string, jid: string): Promise<boolean> {
  const job = await request<{ state: string; vertices: { status: string }[] }>("GET", `${jobManager}/jobs/${jid}`);
  return job.state === "RUNNING" && job.vertices.every((vertex) => vertex.status === "RUNNING");
}

/** The newest exception of a job, its innermost cause; undefined when there was none. */
export async function lastException(jobManager: string, jid: string): Promise<string | undefined> {
  type Answer = { exceptionHistory?: { entries?: { stacktrace?: string }[] } };
  const answer = await request<Answer>("GET", `${jobManager}/jobs/${jid}/exceptions?maxExceptions=1`).catch(
    () => undefined,
  );
  const trace = answer?.exceptionHistory?.entries?.[0]?.stacktrace;
  if (!trace) return undefined;
  const lines = trace.split("\n");
  return (lines.filter((line) => line.startsWith("Caused by: ")).at(-1) ?? lines[0])
    ?.replace(/^Caused by: /, "")
    .slice(0, 500);
}

/** Stops a job, its state saved. @returns the savepoint's path. */
export async function stopWithSavepoint(jobManager: string, jid: string, folder: string): Promise<string> {
  const body = { targetDirectory: `file://${folder}`, drain: false };
  const started = await request<{ "request-id": string }>("POST", `${jobManager}/jobs/${jid}/stop`, body);
  type Progress = {
    status: { id: string };
    operation?: { location?: string; "failure-cause"?: { "stack-trace": string } };
  };
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    const progress = await request<Progress>("GET", `${jobManager}/jobs/${jid}/savepoints/${started["request-id"]}`);
    if (progress.status.id === "COMPLETED") {
      if (progress.operation?.location) return progress.operation.location;
      throw new Error(
        `no savepoint of job ${jid}: ${progress.operation?.["failure-cause"]?.["stack-trace"].split("\n")[0]}`,
      );
    }
    await delay(50);
  }
  throw new Error(`no savepoint of job ${jid} within 60 s`);
}

/** Ends a job at once; one that is gone already is fine. */
export async function cancel(jobManager: string, jid: string): Promise<void> {
  await request("PATCH", `${jobManager}/jobs/${jid}?mode=cancel`).catch((error) => {
    if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
  });
}

/** Hands a job graph to the job manager, as Flink's own client does. @param graph path of its file @returns the job's id */
export async function submit(jobManager: string, graph: string): Promise<string> {
  const form = new FormData();
  const parts = { executionPlanFileName: basename(graph), jobJarFileNames: [], jobArtifactFileNames: [] };
  form.append("request", JSON.stringify(parts));
  form.append("file_0", new Blob([readFileSync(graph)]), basename(graph));
  const { jobUrl } = await request<{ jobUrl: string }>("POST", `${jobManager}/jobs`, form);
  return basename(jobUrl);
}

/** The newest complete checkpoint or savepoint among these jobs' folders; undefined when there is none. */
export function newestSnapshot(folder: string, name: string, jobIds: readonly string[]): string | undefined {
  const candidates = [
    ...jobIds.flatMap((jid) => children(join(folder, "checkpoints", jid))),
    ...children(join(folder, "savepoints", name)),
  ];
  const complete = candidates.flatMap((path) => {
    const written = statSync(join(path, "_metadata"), { throwIfNoEntry: false })?.mtimeMs;
    return written === undefined ? [] : [{ path, written }];
  });
  return complete.sort((a, b) => b.written - a.written)[0]?.path;
}

function children(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
