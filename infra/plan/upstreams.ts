import type { StackConfig } from "../config";
import type { Pipeline } from "../model";
import { choose } from "./choose";
import { nearest, type Problem } from "./problems";
import { databasesOf } from "./topics";

/**
 * The databases that somebody else runs in an environment: those that its configuration names. The others are made, and played by stand-ins, where the environment has them.
 *
 * @param standIns whether the environment has stand-ins
 */
export function planUpstreams(
  pipelines: readonly Pipeline[],
  config: Pick<StackConfig, "pipelines" | "upstreams">,
  standIns: boolean,
): { external: Set<string>; problems: Problem[] } {
  const upstreams = (of: readonly Pipeline[]) =>
    [...databasesOf(of).values()].filter(({ upstream }) => upstream).map(({ name }) => name);
  const known = upstreams(pipelines);
  const used = upstreams(choose(pipelines, config.pipelines).chosen);
  const given = Object.keys(config.upstreams);
  const problems: Problem[] = [];
  for (const name of given.filter((one) => !known.includes(one))) {
    const meant = nearest(name, known);
    problems.push({
      path: `millrace:upstreams.${name}`,
      message: "No pipeline has an upstream database of this name.",
      given: name,
      allowed: known,
      fix: meant ? `Did you mean ${meant}?` : "Remove it.",
    });
  }
  for (const name of standIns ? [] : used.filter((one) => !given.includes(one))) {
    problems.push({
      path: `millrace:upstreams.${name}`,
      message: `Database ${name} is somebody else's, and this environment has no stand-ins.`,
      allowed: "host, user, secret and port",
      fix: `Say where it is: millrace:upstreams: { ${name}: { host: …, user: …, secret: … } }`,
    });
  }
  return { external: new Set(given.filter((one) => used.includes(one))), problems };
}
