import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * What a job graph is made of. Flink plans a script the same way each time, for seconds of processor time; so its graphs are kept by content, for all stacks
 * and all starts.
 */
export interface JobScript {
  /** For messages. */
  readonly name: string;
  /** Whole script; the last statement starts the job. No secrets: they are references that the task manager resolves. */
  readonly statements: readonly string[];
  /** Flink's configuration that becomes part of the job. */
  readonly settings: Readonly<Record<string, string>>;
  /** Command line of a JVM with Flink's class path, without a main class. */
  readonly java: readonly string[];
  /** Folder of graphs, absolute. */
  readonly graphs: string;
}

const mains = "dev.millrace.flink.graph";

/** Changes with everything that the graph is made of; the order of settings is nothing. */
export const graphKey = ({ statements, settings, java }: JobScript): string =>
  createHash("sha256")
    .update(JSON.stringify([statements, Object.entries(settings).sort(), java]))
    .digest("hex");

const graphFile = (script: JobScript) => join(script.graphs, `${graphKey(script)}.graph`);

/** What Flink's planner says of a script that it refuses. */
export interface Refusal {
  readonly name: string;
  readonly reason: string;
}

/** Plans the scripts whose graphs are not there, all in one JVM. @returns those that Flink refuses */
export async function planJobs(scripts: readonly JobScript[]): Promise<Refusal[]> {
  const missing = scripts.filter((script) => !isKept(graphFile(script)));
  const [first] = missing;
  if (!first) return [];
  mkdirSync(first.graphs, { recursive: true });
  const asked = missing.map(({ name, statements, settings, graphs }) => ({
    name,
    statements,
    settings,
    graph: temporary(graphs),
  }));
  try {
    const input = JSON.stringify(asked);
    const answers = await run<Answer>([...first.java, `${mains}.PlanJobs`], { input, answers: asked.length });
    for (const [index, script] of missing.entries()) {
      const { graph } = asked[index] as { graph: string };
      if (answers[index]?.error === undefined) renameSync(graph, graphFile(script));
    }
    return answers.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, reason: error }]));
  } finally {
    for (const { graph } of asked) rmSync(graph, { force: true });
  }
}

/** Whether it is there; if so, it is marked as used, and stays in the cache. */
function isKept(file: string): boolean {
  const now = new Date();
  if (existsSync(file)) utimesSync(file, now, now);
  return existsSync(file);
}

interface Answer {
  readonly name: string;
  readonly error?: string;
}

/** The file of a script's graph, planned now if it must be. @throws Error with what Flink says, when it refuses the script. */
export async function jobGraph(script: JobScript): Promise<string> {
  const [refused] = await planJobs([script]);
  if (refused) throw new Error(`Flink cannot plan job ${refused.name}: ${refused.reason}`);
  return graphFile(script);
}

/**
 * A graph for a job manager that may have run it before: with a new id, and going on from a snapshot when there is one. Gone when `use` has ended.
 * @param snapshot path of a checkpoint or savepoint
 */
export async function withResumed<T>(
  script: JobScript,
  snapshot: string | undefined,
  use: (graph: string) => Promise<T>,
): Promise<T> {
  const graph = await jobGraph(script);
  const resumed = temporary(script.graphs);
  try {
    await run([...script.java, `${mains}.ResumeJob`, graph, resumed, ...(snapshot ? [snapshot] : [])], { answers: 0 });
    return await use(resumed);
  } finally {
    rmSync(resumed, { force: true });
  }
}

const temporary = (graphs: string) => join(graphs, `${randomUUID()}.new`);

/**
 * Runs a JVM until it has given as many lines of JSON as are expected, or until its end when none are. Once it has answered nobody waits for it: at the first
 * time it goes on for seconds, writing down its classes.
 */
function run<Answer>(
  [program = "", ...args]: readonly string[],
  { input, answers: expected }: { input?: string; answers: number },
): Promise<Answer[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const answers: Answer[] = [];
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors = `${errors}${chunk}`.slice(-4000);
    });
    createInterface(child.stdout).on("line", (line) => {
      answers.push(JSON.parse(line));
      if (answers.length < expected) return;
      for (const part of [child, child.stdin, child.stdout, child.stderr]) (part as { unref?: () => void }).unref?.();
      resolve(answers);
    });
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0 && answers.length >= expected) resolve(answers);
      else reject(new Error(`${args.at(-1)} ended with ${signal ?? status}: ${errors.trim() || "without a word"}`));
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}
