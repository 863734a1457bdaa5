import type { Part, Pipeline, Readable, Writable } from "../model";
import { nearest, type Problem } from "./problems";
import { flowOf } from "./topics";

/**
 * The pipelines of these names, and those that write what they read, in the order of `pipelines`; all when there are no names, or a wrong one: then what
 * else is wrong is told, too.
 */
export function choose(
  pipelines: readonly Pipeline[],
  names: readonly string[],
): { chosen: readonly Pipeline[]; problems: Problem[] } {
  const known = pipelines.map((pipeline) => pipeline.name);
  const problems = names.filter((name) => !known.includes(name)).map((name) => unknownPipeline(name, known));
  if (names.length === 0 || problems.length > 0) return { chosen: pipelines, problems };
  const chosen = new Set(pipelines.filter(({ name }) => names.includes(name)));
  // A set is walked to its end also when it grows on the way.
  for (const { parts } of chosen) {
    const needed = new Set(parts.flatMap((part) => flowOf(part).reads.map(keyOf)));
    for (const other of pipelines) {
      if (other.parts.some((part) => providedBy(part).some((key) => needed.has(key)) || plays(part, needed)))
        chosen.add(other);
    }
  }
  return { chosen: pipelines.filter((pipeline) => chosen.has(pipeline)), problems };
}

function unknownPipeline(name: string, known: readonly string[]): Problem {
  const meant = nearest(name, known);
  return {
    path: "millrace:pipelines",
    message: "There is no such pipeline.",
    given: name,
    allowed: known,
    ...(meant && { fix: `Did you mean ${meant}?` }),
  };
}

const keyOf = (end: Readable | Writable) =>
  end.kind === "table"
    ? `table ${end.database.name}/${end.name}`
    : `${end.kind === "lake" ? "lake" : "topic"} ${end.name}`;

const providedBy = (part: Part): string[] =>
  part.kind === "capture" ? part.streams.map(keyOf) : flowOf(part).writes.map(keyOf);

const plays = (part: Part, needed: ReadonlySet<string>) =>
  part.kind === "stand-in" &&
  part.plays.kind === "database" &&
  [...needed].some((key) => key.startsWith(`table ${part.plays.name}/`));
