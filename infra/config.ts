import { isDeepStrictEqual } from "node:util";
import { readFile } from "./config-file";
import { type Key, keys, type StackConfig } from "./config-keys";
import { nearest, type Problem, refuse } from "./plan/problems";

export { valuesOf } from "./config-file";
export { keys, type StackConfig } from "./config-keys";

/**
 * Reads what Pulumi knows of the stack's configuration: `millrace:<key>` to text, structured values as JSON.
 * `file` and `text` are those of `Pulumi.<stack>.yaml`, for the line numbers of problems.
 *
 * @throws UserError with every unknown key and every wrong value.
 */
export function readConfig(values: Readonly<Record<string, string>>, file: string, text = ""): StackConfig {
  const { lines, problems } = readFile(file, text);
  const config: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(keys)) config[name] = key.default;
  for (const [full, given] of Object.entries(values)) {
    const [namespace = "", name = ""] = full.split(/:(.*)/s);
    // Other namespaces belong to other providers, unless they were meant to be ours.
    if (namespace !== "millrace" && nearest(namespace, ["millrace"]) === undefined) continue;
    const line = lines.get(full);
    const place = { file, ...(line !== undefined && { line }), path: full };
    const key = Object.hasOwn(keys, name) ? (keys as Record<string, Key<unknown>>)[name] : undefined;
    if (!key || namespace !== "millrace") {
      const meant = nearest(name, Object.keys(keys));
      problems.push({
        ...place,
        message: "There is no such configuration key.",
        given: full,
        allowed: Object.keys(keys).map((known) => `millrace:${known}`),
        fix: meant ? `Did you mean millrace:${meant}?` : "Remove it.",
      });
      continue;
    }
    const parsed = key.parse(parseValue(given));
    if (parsed === undefined) {
      problems.push({
        ...place,
        message: "This value cannot be used.",
        given: parseValue(given),
        allowed: key.allowed,
      });
    } else config[name] = parsed;
  }
  problems.push(...keysOfOtherTargets(config, file, lines));
  refuse(problems, "The stack's configuration cannot be used");
  return config as unknown as StackConfig;
}

/** Keys that the stack's target does not look at. Pulumi hands over defaults of the project as if they were given: those say nothing. */
function keysOfOtherTargets(
  config: Readonly<Record<string, unknown>>,
  file: string,
  lines: ReadonlyMap<string, number>,
) {
  return Object.entries(keys as Record<string, Key<unknown>>).flatMap(([name, key]): Problem[] => {
    const target = config.target as StackConfig["target"];
    if (key.targets.includes(target) || isDeepStrictEqual(config[name], key.default)) return [];
    const path = `millrace:${name}`;
    const line = lines.get(path);
    return [
      {
        file,
        ...(line !== undefined && { line }),
        path,
        message: `Target ${target} has no use for this key.`,
        allowed: key.targets.map((other) => `millrace:target: ${other}`),
        fix: "Remove it, or choose another target.",
      },
    ];
  });
}

function parseValue(given: string): unknown {
  if (!/^[[{]/.test(given.trim())) return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
