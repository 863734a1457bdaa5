import type { Environment } from "./age";

/**
 * Takes down what has expired, one after the other. One that cannot be taken down does not keep the others.
 *
 * @param down ends with whether everything of the environment is gone
 * @returns the names of those that are still there
 */
export async function sweep(
  environments: readonly Environment[],
  down: (name: string) => Promise<boolean>,
  say: (line: string) => void,
): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, state } of environments) {
    if (state !== "expired") continue;
    say(`${name} has expired: it is taken down`);
    const isGone = await down(name).catch((error: Error) => {
      say(`${name}: ${error.message}`);
      return false;
    });
    if (!isGone) failed.push(name);
  }
  return failed;
}
