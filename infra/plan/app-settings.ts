import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nearest, type Problem } from "./problems";

/** What is needed of the schema that an app exports from its `env.ts`. */
interface EnvSchema {
  readonly shape: Readonly<
    Record<string, { safeParse(value: unknown): { error?: { issues: readonly { message: string }[] } } }>
  >;
}

/** The environment variable that a setting becomes: `changesPerSecond`, `CHANGES_PER_SECOND`. */
export const upperSnake = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
const camelCase = (name: string) =>
  name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Variables that a person set for an app, checked against the app's own schema, `apps/<folder>/env.ts`, so that a wrong one is found before a process refuses
 * it at its start. Apps without that file are not checked.
 *
 * @param own variables that Millrace sets
 */
export function checkAppSettings(
  root: string,
  folder: string,
  settings: readonly { readonly setting: string; readonly value: string; readonly path: string }[],
  own: ReadonlySet<string>,
): Problem[] {
  const file = join(root, "apps", folder, "env.ts");
  if (settings.length === 0 || !existsSync(file)) return [];
  const { shape } = (require(file) as { env: EnvSchema }).env;
  const known = Object.keys(shape).filter((name) => !own.has(name));
  return settings.flatMap(({ setting, value, path }): Problem[] => {
    const variable = upperSnake(setting);
    if (!known.includes(variable)) {
      const meant = nearest(setting, known.map(camelCase));
      const message = `apps/${folder}/env.ts has no such setting.`;
      const fix = meant ? `Did you mean ${meant}?` : "Remove it, or let the app read it.";
      return [{ path, message, given: setting, allowed: known.map(camelCase), fix }];
    }
    const [issue] = shape[variable]?.safeParse(value).error?.issues ?? [];
    return issue ? [{ path, message: "The app does not take this value.", given: value, allowed: issue.message }] : [];
  });
}

/**
 * The text of an app's file of settings, checked by the app's own `settings.ts`, as at its start, where it exports `parseSettings(text, file)` with
 * its `problems`.
 */
export function readSettingsFile(
  root: string,
  folder: string,
  name: string,
  place: string,
): { text: string; problems: Problem[] } {
  const file = `apps/${folder}/${name}`;
  if (!existsSync(join(root, file))) {
    const message = `The file of settings ${file} does not exist.`;
    return { text: "", problems: [{ path: place, message, fix: `Write ${file}.` }] };
  }
  const text = readFileSync(join(root, file), "utf8");
  const code = join(root, "apps", folder, "settings.ts");
  if (!existsSync(code)) return { text, problems: [] };
  const { parseSettings } = require(code) as { parseSettings: (text: string, file: string) => { problems: Problem[] } };
  return { text, problems: parseSettings(text, file).problems };
}
