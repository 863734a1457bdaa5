import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../deploy";
import { supervisorOf } from "../local/supervisor/client";
import { stackRoot } from "../paths";
import { openStack } from "../workspace";
import { operate, say, seconds } from "./engine";

/** Removes every resource of the stack, then the stack; its logs stay. */
export async function down({ stack: name, configText }: Invocation): Promise<number> {
  const since = Date.now();
  // Needs no plan: what there is stands in the state, also when the declarations are broken by now.
  const stack = await openStack(name, configText, async () => ({}));
  if (!(await operate("destroy", stack, (onEvent) => stack.destroy({ onEvent, suppressOutputs: true })))) return 1;
  const root = stackRoot(name);
  await supervisorOf(root).shutdown();
  await stack.workspace.removeStack(name);
  rmSync(join(stack.workspace.workDir, `Pulumi.${name}.yaml`), { force: true });
  const logs = join(root, "logs");
  // Also what a failed `up` left, that no state knows of.
  for (const entry of existsSync(root) ? readdirSync(root) : []) {
    if (entry !== "logs") rmSync(join(root, entry), { recursive: true, force: true });
  }
  say(`down: ${seconds(since)}${existsSync(logs) ? `; logs stay in ${logs}` : ""}`);
  return 0;
}
