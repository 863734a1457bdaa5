import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { endpointsOf } from "../../infra/local/addresses";
import type { App, Schema, StandIn } from "../../infra/model";
import { pipelines } from "../../infra/pipelines";
import { planApp } from "../../infra/plan/apps";
import { planLakes } from "../../infra/plan/lakes";
import { reservedNames } from "../../infra/plan/names";
import { flowOf } from "../../infra/plan/topics";
import { defaults } from "./project";

/**
 * What holds of every pipeline. A part that has to be otherwise is named in `waivers` with the reason; a waiver that nothing needs any more fails, too.
 */
const waivers: Readonly<Record<string, string>> = {
  "a topic is kept for a stated time: cdc-events":
    "the history of companies' rows is kept for good, and can be made again from it",
};

const root = join(__dirname, "../..");
const parts = pipelines.flatMap((pipeline) => pipeline.parts.map((part) => ({ pipeline, part })));
const apps = parts.flatMap(({ pipeline, part }) =>
  part.kind === "app" || part.kind === "stand-in" ? [{ pipeline, app: part as App | StandIn }] : [],
);
const topics = new Map(
  parts.flatMap(({ part }) => {
    const { reads, writes } = flowOf(part);
    return [...reads, ...writes].flatMap((end) => (end.kind === "topic" ? [[end.name, end] as const] : []));
  }),
);

/** Those that break the rule without a waiver; and the waivers of this rule that nothing needs. */
function broken(rule: string, breaking: readonly string[]): { broken: string[]; stale: string[] } {
  const waived = Object.keys(waivers).flatMap((key) =>
    key.startsWith(`${rule}: `) ? [key.slice(rule.length + 2)] : [],
  );
  return {
    broken: breaking.filter((name) => !waived.includes(name)),
    stale: waived.filter((name) => !breaking.includes(name)),
  };
}
const clean = { broken: [], stale: [] };
const rules: Readonly<Record<string, () => string[]>> = {
  "a name is in kebab-case, and the platform has nothing of that name": () =>
    parts
      .map(({ part }) => part.name)
      .filter((name) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || reservedNames.includes(name)),
  "whoever reads a topic has a dead letter for it, and for no other": () =>
    parts.flatMap(({ part }) => {
      const { reads, rejects } = flowOf(part);
      const wanted = reads.flatMap((end) => (end.kind === "table" ? [] : [`${end.name}.dlq`]));
      return rejects.join() === wanted.join() ? [] : [part.name];
    }),
  "a topic is kept for a stated time": () =>
    [...topics.values()].flatMap(({ name, args }) => (args.retention === "forever" ? [name] : [])),
  "a topic's schema is a file, with a level that keeps readers safe": () =>
    [...topics.values()].flatMap(({ name, args: { schema } }) => {
      const file = join(root, "schemas", `${schema.file}.${schema.format === "avro" ? "avsc" : "schema.json"}`);
      return existsSync(file) && schema.compatibility !== "NONE" ? [] : [name];
    }),
  "a schema says what it is": () =>
    [...topics.values()].flatMap(({ name, args: { schema } }) => (says(schema) ? [] : [name])),
  "a capture declares a level": () =>
    parts.flatMap(({ part }) => (part.kind === "capture" && part.args.compatibility === "NONE" ? [part.name] : [])),
  "an app is server.ts, app.ts and env.ts": () =>
    apps.flatMap(({ pipeline, app }) => {
      const folder = join(root, "apps", app.args.runs ?? `${pipeline.name}/${app.name}`);
      return ["server.ts", "app.ts", "env.ts"].every((file) => existsSync(join(folder, file))) ? [] : [app.name];
    }),
  "every variable that an app is given is one that it reads, and fits": () =>
    apps.flatMap(({ pipeline, app }) => {
      const names = apps.map((one) => one.app.name);
      const endpoints = endpointsOf(17000, names);
      const { lakes } = planLakes(root, pipelines, endpoints);
      const plan = planApp(root, pipeline, app, endpoints, defaults.settings, lakes).app;
      const { folder } = plan;
      const env = { ...plan.env, ...Object.fromEntries(plan.folders.map(({ variable }) => [variable, "/folder"])) };
      const schema = require(join(root, "apps", folder, "env.ts")).env as z.ZodObject;
      const unread = Object.keys(env).filter((variable) => !(variable in schema.shape));
      const wrong = schema.safeParse(env).error?.issues.map(({ path }) => path.join()) ?? [];
      return [...unread, ...wrong].map((variable) => `${app.name} ${variable}`);
    }),
};

function says({ format, file }: Schema): boolean {
  const ending = format === "avro" ? "avsc" : "schema.json";
  const { doc, description } = JSON.parse(readFileSync(join(root, "schemas", `${file}.${ending}`), "utf8"));
  return Boolean(format === "avro" ? doc : description);
}

test.each(Object.keys(rules))("%s", (rule) => {
  expect(broken(rule, (rules[rule] as () => string[])())).toEqual(clean);
});

test("a waiver names a rule, and gives a reason", () => {
  for (const [key, reason] of Object.entries(waivers)) {
    expect(Object.keys(rules)).toContain(key.split(": ")[0]);
    expect(reason.length).toBeGreaterThan(20);
  }
});
