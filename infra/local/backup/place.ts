import { isAbsolute, join, relative, resolve } from "node:path";
import type { StackConfig } from "../../config";
import { projectRoot, stackRoot } from "../../paths";
import { UserError } from "../../plan/problems";

/** In Postgres' folder: its data was restored, so it is not to be made anew. */
export const restoredMark = "restored";

/** Postgres' folder of a stack; `data` is in it. */
export const postgresFolder = (root: string): string => join(root, "postgres");

/** Folder of the stack's backups, absolute; undefined when it has none. @throws UserError when `down` would remove it. */
export function backupFolder(stack: string, config: StackConfig): string | undefined {
  if (config.backup === "") return undefined;
  const folder = resolve(projectRoot, config.backup);
  const inside = relative(stackRoot(stack), folder);
  if (inside.startsWith("..") || isAbsolute(inside)) return folder;
  throw new UserError([
    {
      path: "millrace:backup",
      message: "The backup would be removed with the stack.",
      given: config.backup,
      allowed: `a folder outside .millrace/${stack}/`,
      fix: `For example .millrace/backups/${stack}, or a folder on another disk.`,
    },
  ]);
}
