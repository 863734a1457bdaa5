import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { z } from "zod";
import { appEnv, kafkaEnv, postgresEnv } from "../../apps/lib/env";
import { keys } from "../../infra/config";
import { targets } from "../../infra/config-keys";
import type { App, StandIn } from "../../infra/model";
import { pipelines } from "../../infra/pipelines";

/** The reference of every setting, made of where each is declared: `docs/configuration.md` holds it between its two marks. */
export const root = join(__dirname, "../..");

type AnyApp = { readonly app: App | StandIn; readonly folder: string };
const apps: readonly AnyApp[] = pipelines.flatMap((pipeline) =>
  pipeline.parts.flatMap((part) =>
    part.kind === "app" || part.kind === "stand-in"
      ? [{ app: part, folder: part.args.runs ?? `${pipeline.name}/${part.name}` }]
      : [],
  ),
);

export function reference(): string {
  const stack = Object.entries(keys).map(([name, { default: value, allowed, doc, targets: its }]) => {
    const only = its.length < targets.length ? ` Only ${its.map((target) => `\`${target}\``).join(" and ")}.` : "";
    return row(`millrace:${name}`, JSON.stringify(value), allowed, doc + only);
  });
  const folders = [...new Set(apps.map(({ folder }) => folder))];
  return [
    "## Keys of a stack's file",
    "",
    table("key", stack),
    "",
    "## Settings of apps",
    "",
    ...folders.flatMap((folder) => {
      const names = apps.filter((one) => one.folder === folder).map(({ app }) => `\`${app.name}\``);
      return [
        `### ${names.join(", ")}`,
        "",
        `Declared in [apps/${folder}/env.ts](../apps/${folder}/env.ts).`,
        "",
        table("setting", settingsOf(folder)),
        "",
      ];
    }),
  ]
    .join("\n")
    .trimEnd();
}

/** The same keys as Pulumi's own schema of a project has them: the block `config` of `Pulumi.yaml`. */
export function projectSchema(): string {
  const schema = Object.entries(keys).map(([name, { default: value, doc, type }]) => [
    `millrace:${name}`,
    { type, ...(type === "array" && { items: { type: "string" } }), description: doc, default: value },
  ]);
  return stringify({ config: Object.fromEntries(schema) }, { lineWidth: 0 });
}

const row = (...cells: string[]) =>
  `| ${cells.map((cell, i) => (i < 2 && cell !== "–" ? `\`${cell}\`` : cell.replaceAll("|", "\\|"))).join(" | ")} |`;
const table = (first: string, rows: readonly string[]) =>
  [`| ${first} | default | allowed | what it is |`, "|---|---|---|---|", ...rows].join("\n");

/** Variables that follow from the graph, and are nobody's to set. */
const derived = new Set([
  ...[appEnv, kafkaEnv, postgresEnv].flatMap((schema) => Object.keys(schema.shape)),
  ...["LAKES", "SETTINGS_YAML", "STATE_FOLDER", "SCHEDULE", "DBT_COMMAND", "DBT_PROJECTS"],
]);
const isSetting = (name: string) => !derived.has(name) && !/^(READS|WRITES|REJECTS|OFFSETS)_/.test(name);

function settingsOf(folder: string): string[] {
  const file = join(root, "apps", folder, "env.ts");
  const schema = require(file).env as z.ZodObject;
  const text = readFileSync(file, "utf8");
  return Object.entries(schema.shape as Record<string, z.ZodType>)
    .filter(([name]) => isSetting(name))
    .map(([name, type]) => row(camelCase(name), defaultOf(type, folder, name), allowedOf(type), docOf(text, name)));
}

/** The pipelines' own value where all that run the app agree on one, the schema's where they say nothing. */
function defaultOf(type: z.ZodType, folder: string, name: string): string {
  const said = apps.filter((one) => one.folder === folder).map(({ app }) => app.args.settings?.[camelCase(name)]);
  const [first] = said;
  if (first !== undefined && said.every((value) => value === first)) return String(first);
  const value = type.safeParse(undefined).data;
  return value === undefined ? "–" : String(value);
}

/** What the schema itself says of a value that cannot be right. */
const allowedOf = (type: z.ZodType) => type.safeParse("\0").error?.issues[0]?.message ?? "any text";

/** The comment above the variable, without what it says of the default. */
function docOf(text: string, name: string): string {
  const comment = new RegExp(`/\\*\\*\\s*((?:(?!\\*/)[\\s\\S])*?)\\s*\\*/\\s*${name}:`).exec(text)?.[1] ?? "";
  return comment
    .replace(/\s*\n\s*\*\s*/g, " ")
    .replace(/\s*Default:? [^.;]*(?:; (.)|\.)/, (_, next?: string) => (next ? ` ${next.toUpperCase()}` : ""))
    .trim();
}

const camelCase = (name: string) =>
  name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
