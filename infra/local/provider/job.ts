import { supervisorOf } from "../supervisor/client";
import type { JobSpec, JobStatus } from "../supervisor/jobs";
import { codeName } from "../supervisor/start";
import type { Handler } from "./handler";

export interface SqlJobInputs {
  /** Folder of the stack, absolute. */
  readonly root: string;
  readonly spec: JobSpec;
}
export interface SqlJobState {
  readonly state: string;
}

/**
 * A Flink SQL job. New SQL stops it with a savepoint and goes on from there; a job that is gone comes back from its last
 * checkpoint. The supervisor keeps it running, as the Flink operator does on Kubernetes.
 */
export const sqlJob: Handler<SqlJobInputs, SqlJobState> = {
  drifted: (state) => state.state !== "RUNNING",

  async create({ root, spec }) {
    return { id: spec.name, state: { state: await ensure(root, spec) } };
  },

  async read(state) {
    const known = (await supervisorOf(state.root).callIfRunning<JobStatus[]>({ method: "jobs" }))?.find(
      (job) => job.name === state.spec.name,
    );
    return known && { ...state, state: known.state };
  },

  async update(_state, { root, spec }) {
    return { state: await ensure(root, spec) };
  },

  async remove({ root, spec }) {
    await supervisorOf(root).callIfRunning({ method: "removeJob", params: { name: spec.name } });
  },
};

const ensure = async (root: string, spec: JobSpec): Promise<string> =>
  (await supervisorOf(root).call<JobStatus>({ method: "ensureJob", params: spec, code: await codeName() })).state;
