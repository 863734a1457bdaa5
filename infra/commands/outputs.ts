import type { Invocation } from "../deploy";
import { UserError } from "../plan/problems";
import { openStack } from "../workspace";

/** Prints the stack's outputs as JSON; secrets as `[secret]` unless asked for. */
export async function outputs({ stack: name, configText, flags }: Invocation): Promise<number> {
  const stack = await openStack(name, configText, async () => ({}));
  const found = await stack.outputs();
  if (Object.keys(found).length === 0) {
    throw new UserError([{ message: `Stack ${name} has no outputs: it is not deployed.`, fix: "npm run up" }]);
  }
  const shown = Object.entries(found).map(([key, { value, secret }]) => [
    key,
    secret && !flags.showSecrets ? "[secret]" : value,
  ]);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(shown), null, 2)}\n`);
  return 0;
}
