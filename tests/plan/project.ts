import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { keys, type StackConfig } from "../../infra/config";
import { endpointsOf } from "../../infra/local/addresses";
import type { Part, Pipeline } from "../../infra/model";
import { pipelines } from "../../infra/pipelines";
import { businessEvents } from "../../infra/pipelines/business-events";
import { makePlan } from "../../infra/plan";
import { type Problem, UserError } from "../../infra/plan/problems";
import type { Plan } from "../../infra/plan/types";

// The first plan of a file starts the scratch Postgres: seconds on an idle machine, many of them on a busy one.
jest.setTimeout(120_000);

const projectRoot = join(__dirname, "../..");
/** What tests may keep between runs, keyed by content. */
export const testCache = join(projectRoot, "node_modules", ".cache", "millrace");
/** What a pipeline is made of outside of TypeScript. */
const sources = ["schemas", "migrations", "flink-jobs", "batch-jobs", "dbt"];

/** The pipelines that these tests are about. */
export const real: readonly Pipeline[] = [businessEvents];

export const defaults = Object.fromEntries(
  Object.entries(keys).map(([name, key]) => [name, key.default]),
) as unknown as StackConfig;

/** A folder that is removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-plan-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of this project, as far as a plan is made of it; what a test changes in it, the next copy does not have. */
export interface Project {
  readonly root: string;
  /** Kept between runs: tables of unchanged migrations are worked out once, which takes seconds. */
  readonly cacheFolder: string;
}

export function copyProject(folder: string): Project {
  const root = mkdtempSync(join(folder, "project-"));
  for (const source of sources) cpSync(join(projectRoot, source), join(root, source), { recursive: true });
  for (const pipeline of pipelines) {
    for (const part of pipeline.parts) {
      if (part.kind !== "app" && part.kind !== "stand-in") continue;
      const folder = `apps/${part.args.runs ?? `${pipeline.name}/${part.name}`}`;
      write({ root, cacheFolder: "" }, `${folder}/server.ts`, "");
      const settings = part.args.settingsFile && `${folder}/${part.args.settingsFile}`;
      if (settings) cpSync(join(projectRoot, settings), join(root, settings));
    }
  }
  return { root, cacheFolder: join(testCache, "plan") };
}

export function write(project: Project, file: string, text: string): void {
  mkdirSync(dirname(join(project.root, file)), { recursive: true });
  writeFileSync(join(project.root, file), text);
}

export const remove = (project: Project, file: string): void => rmSync(join(project.root, file));

/** Writes one piece of a file otherwise. Fails when the piece is not there, so that no test passes for having changed nothing. */
export function edit(project: Project, file: string, from: string, to: string): void {
  const text = readFileSync(join(project.root, file), "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
  write(
    project,
    file,
    text.replace(from, () => to),
  );
}

/** Line of the first place where `piece` stands, from 1. */
export function lineOf(project: Project, file: string, piece: string): number {
  const text = readFileSync(join(project.root, file), "utf8");
  if (!text.includes(piece)) throw new Error(`${file} has no ${JSON.stringify(piece)}`);
  return text.slice(0, text.indexOf(piece)).split("\n").length;
}

/** The real pipelines with one part written otherwise. */
export function withPart(name: string, args: Readonly<Record<string, unknown>>): readonly Pipeline[] {
  return changing(name, (part) => ({ ...part, args: { ...part.args, ...args } }) as Part);
}

export function changing(name: string, change: (part: Part) => Part): readonly Pipeline[] {
  if (!real.some(({ parts }) => parts.some((part) => part.name === name))) throw new Error(`there is no part ${name}`);
  return real.map((pipeline) => ({
    ...pipeline,
    parts: pipeline.parts.map((part) => (part.name === name ? change(part) : part)),
  }));
}

/** The part of this name of the real pipelines. */
export function partOf<K extends Part["kind"]>(kind: K, name: string): Extract<Part, { kind: K }> {
  for (const { parts } of real) {
    for (const part of parts) if (part.kind === kind && part.name === name) return part as Extract<Part, { kind: K }>;
  }
  throw new Error(`there is no ${kind} ${name}`);
}

export function planOf(
  project: Project,
  pipelines: readonly Pipeline[] = real,
  config: Partial<StackConfig> = {},
): Promise<Plan> {
  const apps = pipelines.flatMap(({ parts }) =>
    parts.filter((part) => part.kind === "app" || part.kind === "stand-in"),
  );
  const endpoints = endpointsOf(
    17000,
    apps.map((app) => app.name),
  );
  return makePlan({ ...project, pipelines, config: { ...defaults, ...config }, endpoints });
}

/** Everything that is wrong; a plan that could be made fails the test. */
export async function problemsOf(...args: Parameters<typeof planOf>): Promise<readonly Problem[]> {
  try {
    await planOf(...args);
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  throw new Error("nothing was found wrong");
}
