import type { Problem } from "../../plan/problems";
import { recordedPids, supervisorOf } from "../supervisor/client";
import { portHolder } from "../supervisor/ports";
import type { ProcessSpec } from "../supervisor/protocol";
import type { Handler } from "./handler";

export interface ProcessInputs {
  /** Folder of the stack, `.millrace/<stack>`, absolute. */
  readonly root: string;
  readonly spec: ProcessSpec;
}

/** A process that outlives the command: the supervisor of the stack starts it, watches it and starts it again. */
export const process: Handler<ProcessInputs> = {
  async check({ root, spec }) {
    // Not known yet, while the spec waits for a password.
    if (!Array.isArray(spec?.ports)) return [];
    return takenPorts(root, [[spec.name, spec.ports]]);
  },

  async create({ root, spec }) {
    await supervisorOf(root).ensure(spec);
    return { id: spec.name, state: {} };
  },

  async read(state) {
    const status = await supervisorOf(state.root).status({ memory: false });
    const ours = status?.find((known) => known.name === state.spec.name);
    return ours && (ours.state === "ready" || ours.state === "starting") ? state : undefined;
  },

  async update(state, { root, spec }) {
    if (state.spec.name !== spec.name) await supervisorOf(root).remove(state.spec.name);
    await supervisorOf(root).ensure(spec);
    return {};
  },

  async remove({ root, spec }) {
    await supervisorOf(root).remove(spec.name);
  },
};

/** What others hold of the ports of processes of a stack. */
export async function takenPorts(
  root: string,
  processes: readonly (readonly [name: string, ports: readonly number[]])[],
): Promise<Problem[]> {
  const running = (await supervisorOf(root).status({ memory: false })) ?? [];
  const problems: Problem[] = [];
  for (const [name, ports] of processes) {
    const ours = running.find((known) => known.name === name)?.ports ?? [];
    for (const port of ports.filter((one) => !ours.includes(one))) {
      const holder = await portHolder(port);
      // A process that outlived its supervisor still holds its port; it will be adopted.
      if (!holder || (await recordedPids(root, name)).includes(holder.pid)) continue;
      const whose = holder.pid ? `process ${holder.pid} (${holder.command})` : holder.command;
      problems.push({
        path: "spec.ports",
        message: `Port ${port} of ${name} is in use by ${whose}.`,
        given: port,
        allowed: "a port that nobody listens on",
        fix: "Stop that process, or move this stack's ports: pulumi config set millrace:portBase <first port>.",
      });
    }
  }
  return problems;
}
