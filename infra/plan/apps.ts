import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StackConfig } from "../config";
import type { App, Pipeline, StandIn } from "../model";
import { checkAppSettings, readSettingsFile, upperSnake } from "./app-settings";
import { nearest, type Problem } from "./problems";
import { planSchedule } from "./schedules";
import { flowOf, placeOf } from "./topics";
import type { AppPlan, Endpoints, LakePlan } from "./types";

/** An app with the environment it is started with, secrets aside. Names of variables: `apps/lib/env.ts`. */
export function planApp(
  root: string,
  pipeline: Pipeline,
  app: App | StandIn,
  endpoints: Endpoints,
  overrides: StackConfig["settings"],
  lakes: ReadonlyMap<string, LakePlan> = new Map(),
): { app: AppPlan; problems: Problem[] } {
  const problems: Problem[] = [];
  const folder = app.args.runs ?? `${pipeline.name}/${app.name}`;
  if (!existsSync(join(root, "apps", folder, "server.ts"))) {
    problems.push({
      path: placeOf(pipeline, app),
      message: `There is no program apps/${folder}/server.ts.`,
      given: folder,
      fix: "Write it, or name its folder with runs.",
    });
  }
  const { reads, writes, rejects } = flowOf(app);
  const env: Record<string, string> = { APP_NAME: app.name, PORT: String(endpoints.app(app.name)) };
  const topics = [...reads, ...writes].filter((end) => end.kind !== "table" && end.kind !== "lake");
  if (topics.length > 0) {
    env.KAFKA_BOOTSTRAP = endpoints.kafka;
    env.KAFKA_USERNAME = app.name;
    if (endpoints.kafkaLogin) {
      env.KAFKA_MECHANISM = endpoints.kafkaLogin.mechanism;
      env.KAFKA_CA = endpoints.kafkaLogin.ca;
    }
    env.REGISTRY_URL = endpoints.registry;
  }
  const tables = [...reads, ...writes].filter((end) => end.kind === "table");
  const databases = new Set([
    ...tables.map((table) => table.database.name),
    ...(app.kind === "stand-in" && app.plays.kind === "database" ? [app.plays.name] : []),
  ]);
  if (databases.size > 1) {
    problems.push({
      path: placeOf(pipeline, app),
      message: "An app uses one database.",
      given: [...databases],
      fix: "Make it two apps.",
    });
  }
  for (const database of databases) {
    const outside = endpoints.external?.[database];
    const { host, port } = outside ?? endpoints.postgres;
    const { ca } = endpoints.postgres;
    const verified = ca ? `?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}` : "";
    // Who signs for the server of somebody else is what the system trusts.
    env.POSTGRES_URL = `postgresql://${outside?.user ?? app.name}@${host}:${port}/${database}${outside ? "?sslmode=verify-full" : verified}`;
  }
  name(
    "READS_TOPIC",
    reads.filter((end) => end.kind !== "table").map((end) => end.name),
  );
  name(
    "READS_TABLE",
    reads.filter((end) => end.kind === "table").map((end) => end.name),
  );
  name(
    "WRITES_TOPIC",
    writes.filter((end) => end.kind === "topic").map((end) => end.name),
  );
  name(
    "WRITES_TABLE",
    writes.filter((end) => end.kind === "table").map((end) => end.name),
  );
  name("REJECTS_TOPIC", rejects);
  const its = writes.flatMap((end) => (end.kind === "lake" ? (lakes.get(end.name) ?? []) : []));
  if (its.length > 0) env.LAKES = JSON.stringify(its);
  if (app.args.settingsFile !== undefined) {
    const { text, problems: wrong } = readSettingsFile(root, folder, app.args.settingsFile, placeOf(pipeline, app));
    problems.push(...wrong);
    env.SETTINGS_YAML = text;
  }
  const calls = servers(pipeline, app);
  name("CALLS_URL", calls.map(endpoints.appUrl));
  const folders = Object.entries(app.args.folders ?? {}).map(([setting, { name }]) => {
    return { variable: upperSnake(setting), name };
  });
  const timetable = app.args.schedule && planSchedule(root, pipeline, app.name, app.args.schedule);
  if (timetable) {
    problems.push(...timetable.problems);
    env.SCHEDULE = JSON.stringify(timetable.schedule);
  }
  name("OFFSETS_TABLE", app.args.offsets ? [app.args.offsets.name] : []);

  const own = new Set([...Object.keys(env), ...folders.map(({ variable }) => variable), ...setByTheTarget]);
  const place = `${placeOf(pipeline, app)} › settings`;
  const given: { setting: string; value: string; path: string }[] = [];
  for (const [settings, where] of [
    [app.args.settings, place],
    [overrides[app.name], `millrace:settings.${app.name}`],
  ] as const) {
    for (const [setting, value] of Object.entries(settings ?? {})) {
      const variable = upperSnake(setting);
      const path = `${where} › ${setting}`;
      if (own.has(variable)) problems.push(derivedSetting(path, variable));
      else {
        env[variable] = String(value);
        given.push({ setting, value: String(value), path });
      }
    }
  }
  problems.push(...checkAppSettings(root, folder, given, own));

  const plan = {
    name: app.name,
    pipeline: pipeline.name,
    folder,
    ...([...databases][0] !== undefined && { database: [...databases][0] }),
    standIn: app.kind === "stand-in",
    port: endpoints.app(app.name),
    env,
    folders,
    calls,
    publicPaths: app.args.serves?.paths ?? [],
    principal: app.name,
    ...(timetable && { schedule: timetable.schedule }),
  };
  return { app: plan, problems };

  function name(variable: string, names: readonly string[]): void {
    if (names.length > 0) env[variable] = names.join(",");
  }
}

/** Names of the apps that serve the party that a stand-in plays. */
function servers(pipeline: Pipeline, app: App | StandIn): string[] {
  if (app.kind !== "stand-in" || app.plays.kind !== "outside") return [];
  const { plays } = app;
  return pipeline.parts.flatMap((part) => (part.kind === "app" && part.args.serves?.to === plays ? [part.name] : []));
}

/** Variables that a target gives an app beside its plan; the secret ones are never in a plan. */
const setByTheTarget = ["HOST", "NODE_ENV", "KAFKA_PASSWORD", "PGPASSWORD", "DBT_COMMAND", "DBT_PROJECTS"];

const derivedSetting = (path: string, variable: string): Problem => ({
  path,
  message: `Millrace sets ${variable} from the graph.`,
  fix: "Remove it, or give the setting another name.",
});

/** Settings for apps that do not exist. @param names of the apps of all pipelines, deployed or not */
export function checkSettings(settings: StackConfig["settings"], names: readonly string[]): Problem[] {
  return Object.keys(settings)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const meant = nearest(name, names);
      const fix = meant ? { fix: `Did you mean ${meant}?` } : {};
      return {
        path: `millrace:settings.${name}`,
        message: "There is no such app.",
        given: name,
        allowed: names,
        ...fix,
      };
    });
}
