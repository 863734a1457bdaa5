import { resolve } from "node:path";
import type { Invocation } from "../deploy";
import { refuseData, restoreBackup } from "../local/backup/restore";
import { stackRoot } from "../paths";
import { UserError } from "../plan/problems";
import { openStack } from "../workspace";
import { say, seconds } from "./engine";

/** Lays out the data of the newest base backup in a folder, with all the log archived since; the next `up` goes on with it. */
export async function restore({ stack: name, configText, flags }: Invocation): Promise<number> {
  const since = Date.now();
  if (!flags.from) {
    throw new UserError([
      {
        path: "--from",
        message: "Which backup?",
        fix: "npm run restore -- --from <folder that millrace:backup names>",
      },
    ]);
  }
  refuseData(stackRoot(name));
  await refuseState(name, configText);
  const { base, segments } = restoreBackup(resolve(flags.from), stackRoot(name));
  say(`restore: base backup of ${base.manifest.begun}, ${segments} segments of log since, ${seconds(since)}`);
  say(
    `Now npm run up${name === "dev" ? "" : ` -- --stack ${name}`}: Postgres recovers, and everything else is made from it.`,
  );
  return 0;
}

/** What the engine takes for deployed it would not make anew. */
async function refuseState(name: string, configText: string): Promise<void> {
  const stack = await openStack(name, configText, async () => ({}));
  const { deployment } = await stack.exportStack();
  const resources = (deployment as { resources?: unknown[] } | undefined)?.resources ?? [];
  // A stack that was only opened has itself at most.
  if (resources.length <= 1) return;
  throw new UserError([
    {
      message: `The state of stack ${name} says that it is deployed, though its data is gone.`,
      given: `${resources.length} resources`,
      fix: `npm run down -- --stack ${name}, which forgets them; the backup stays.`,
    },
  ]);
}
