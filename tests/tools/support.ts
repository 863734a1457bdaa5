import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

export const root = join(__dirname, "../..");
export const toolUrl = (module: string) => pathToFileURL(join(root, "tools", `${module}.mjs`)).href;

/** A folder that is removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-tools-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An ES module of tools/, for jest, whose `require` does not load these. */
// biome-ignore lint/suspicious/noExplicitAny: plain JavaScript has no types
export function load(module: string, folder: string): any {
  const outfile = join(folder, `${module}.cjs`);
  buildSync({
    entryPoints: [join(root, "tools", `${module}.mjs`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    define: { "import.meta.url": JSON.stringify(toolUrl(module)) },
  });
  return require(outfile);
}

export interface Child {
  readonly process: ChildProcess;
  /** Ends when the child wrote this line. */
  readonly said: (line: string) => Promise<void>;
  /** Exit status, or the signal; all of stderr is in the error when neither 0 nor a signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

/** Another process that runs `code`, an ES module. */
export function start(code: string, env: NodeJS.ProcessEnv = process.env): Child {
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { env, stdio: ["pipe", "pipe", "pipe"] });
  children.add(child);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
    child.emit("output");
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code === 0 || signal) resolve(signal ?? 0);
      else reject(new Error(`exit ${code}: ${errors}`));
    });
  });
  const said = (line: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => output.includes(line) && resolve();
      child.on("output", look);
      child.on("close", () => reject(new Error(`the process ended without saying "${line}": ${errors}`)));
      look();
    });
  // Whoever waits for `said` alone shall not hear of the end as an unhandled rejection.
  ended.catch(() => {});
  return { process: child, said, ended };
}
