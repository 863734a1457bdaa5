import { setTimeout as delay } from "node:timers/promises";
import type { HeldSlot } from "../backup/slots";
import { isStatus, isUnreachable, lastCause, request } from "../http";
import {
  type ConnectorSource,
  createStopped,
  heldSlot,
  offsetOf,
  releaseHeld,
  replaceSlot,
  setOffset,
} from "./connector-offsets";
import type { Handler } from "./handler";

export interface ConnectorInputs {
  /** Base URL of Kafka Connect. */
  readonly connect: string;
  readonly name: string;
  /** Secrets only as references that the worker resolves, for example `${env:NAME}`. */
  readonly config: Readonly<Record<string, string>>;
  /** Where it reads from; a slot that a backup holds there is what it goes on at when it has no offsets. */
  readonly source: ConnectorSource;
}
export interface ConnectorState {
  /** RUNNING, PAUSED, FAILED …, of the connector or its worst task. */
  readonly state: string;
}

interface Status {
  connector: { state: string; trace?: string };
  tasks: { id: number; state: string; trace?: string }[];
}

/** A connector of Kafka Connect, running. A failed task counts as drift: the next update restarts it. */
export const connector: Handler<ConnectorInputs, ConnectorState> = {
  replaceOn: ["name"],

  drifted: (state) => state.state !== "RUNNING",

  async create(inputs) {
    const held = await heldSlot(inputs.source);
    if (held) await goOnAt(inputs, held);
    else await put(inputs);
    return { id: inputs.name, state: await runs(inputs) };
  },

  async read(state) {
    try {
      const { config } = await request<{ config: Record<string, string> }>("GET", url(state));
      const { name: _, ...real } = config;
      return { ...state, config: real, state: stateOf(await request<Status>("GET", url(state, "/status"))) };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      if (isUnreachable(error)) return state;
      throw error;
    }
  },

  async update(_state, inputs) {
    await put(inputs);
    await request("PUT", url(inputs, "/resume"));
    await request("POST", url(inputs, "/restart?includeTasks=true&onlyFailed=true"));
    return runs(inputs);
  },

  async remove(state) {
    await whileRebalancing(() => request("DELETE", url(state))).catch((error) => {
      if (!isStatus(error, 404)) throw error;
    });
  },
};

/**
 * Begins where a backup's slot stands, unless Kafka knows where the connector was. So after a restore, or a loss of Kafka alone, the changes since the backup come
 * once more with the same ids, and no snapshot comes on top of them with others. Can be run again after it was interrupted at any point.
 */
async function goOnAt(inputs: ConnectorInputs, held: HeldSlot): Promise<void> {
  await whileRebalancing(() => createStopped(inputs.connect, inputs.name, inputs.config));
  if (!(await offsetOf(inputs.connect, inputs.name))) {
    await replaceSlot(inputs.source, held);
    await whileRebalancing(() => setOffset(inputs.connect, inputs.name, inputs.config, held.confirmed));
  }
  await request("PUT", url(inputs, "/resume"));
}

async function runs(inputs: ConnectorInputs): Promise<ConnectorState> {
  const state = await untilRunning(inputs);
  if (!inputs.source.backedUp) await releaseHeld(inputs.source);
  return { state };
}

const url = (inputs: ConnectorInputs, path = "") => `${inputs.connect}/connectors/${inputs.name}${path}`;

const put = (inputs: ConnectorInputs) => whileRebalancing(() => request("PUT", url(inputs, "/config"), inputs.config));

/** Connect answers 409 while its group rebalances, and 5xx or 404 while it starts. */
async function whileRebalancing<T>(call: () => Promise<T>): Promise<T> {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(isStatus(error, 409) || isStatus(error, 503)) || Date.now() > until) throw error;
      await delay(200);
    }
  }
}

async function untilRunning(inputs: ConnectorInputs): Promise<string> {
  const limit = 60_000;
  const until = Date.now() + limit;
  let last: Status | undefined;
  let failedSince: number | undefined;
  while (Date.now() < until) {
    last = await request<Status>("GET", url(inputs, "/status")).catch((error) => {
      if (isStatus(error, 404) || isStatus(error, 409)) return undefined;
      throw error;
    });
    if (last && stateOf(last) === "RUNNING") return "RUNNING";
    // Right after a restart the former failure still shows; one that stays is the answer.
    failedSince = last && stateOf(last) === "FAILED" ? (failedSince ?? Date.now()) : undefined;
    if (failedSince !== undefined && Date.now() - failedSince > 10_000) break;
    await delay(100);
  }
  const trace = last?.tasks.find((task) => task.trace)?.trace ?? last?.connector.trace;
  throw new Error(
    `connector ${inputs.name} is ${last ? stateOf(last) : "unknown to Connect"}${trace ? `: ${lastCause(trace)}` : ` after ${limit / 1000} s`}; see npm run logs -- connect`,
  );
}

function stateOf(status: Status): string {
  const states = [status.connector.state, ...status.tasks.map((task) => task.state)];
  if (states.includes("FAILED")) return "FAILED";
  return status.tasks.length === 0 ? "UNASSIGNED" : (states.find((state) => state !== "RUNNING") ?? "RUNNING");
}
