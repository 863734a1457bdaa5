import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../infra/paths";
import { seconds } from ".";
import type { Note } from "./stack";

/** The first `npm run up` of a fresh clone of what is committed, with an empty cache; package managers may have theirs. */
export async function cold(note: Note): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-cold-"));
  const clone = join(folder, "clone");
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(folder, "cache"),
    MILLRACE_CACHE: "",
    GOMODCACHE: join(folder, "go"),
    GOCACHE: join(folder, "go-build"),
  };
  const run = (command: string, args: readonly string[], cwd: string) =>
    new Promise<void>((resolve, reject) => {
      const child = spawn(command, args, { cwd, env, stdio: ["ignore", 2, 2] });
      child.on("exit", (code) =>
        code === 0 ? resolve() : reject(new Error(`${command} ${args.join(" ")}: exit ${code}`)),
      );
    });
  try {
    await run("git", ["clone", "--quiet", projectRoot, clone], folder);
    const since = Date.now();
    await run("npm", ["run", "up"], clone);
    note("first up of a fresh clone, empty cache", seconds(Date.now() - since), "< 6 min");
  } finally {
    await run("npm", ["run", "down"], clone).catch(() => {});
    // Go makes its module cache read-only.
    await run("chmod", ["-R", "u+w", folder], folder).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}
