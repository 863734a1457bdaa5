import type { Part, Pipeline } from "../model";
import { capturePrincipal, jobGroup } from "./access";
import type { Problem } from "./problems";
import { databasesOf, placeOf } from "./topics";

/** Users, processes and consumer groups that every platform has; a part of such a name would be taken for it. */
export const reservedNames: readonly string[] = [
  "admin",
  "connect",
  "data",
  "flink",
  "flink-jobmanager",
  "flink-taskmanager",
  "kafka",
  "kafka-signal",
  "lake",
  "logs",
  "postgres",
  "prepared",
  "registry",
  "run",
  "supervisor",
];
export const reservedDatabases: readonly string[] = ["postgres", "registry", "template0", "template1"];

/** Postgres cuts names behind 63 bytes; a capture's slot (`millrace_…`) and role (`…-capture`) are longer than its own. */
const longest = (part: Part) => (part.kind === "capture" ? 54 : 62);
const kindOf = (part: Part) =>
  part.kind === "stand-in" ? "app" : part.kind === "routing" ? "flink job" : (part.kind as string);

/** Parts become users, roles, processes and folders by their names: each is one that all of those take, and stands once. */
export function checkNames(pipelines: readonly Pipeline[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  const users = new Map<string, string>();
  for (const { parts } of pipelines)
    for (const part of parts) {
      if (part.kind === "capture") users.set(capturePrincipal(part.name), `Capture ${part.name}`);
      if (part.kind === "flink job" || part.kind === "routing") users.set(jobGroup(part.name), `Job ${part.name}`);
    }

  for (const [index, pipeline] of pipelines.entries()) {
    if (!/^[a-z][a-z0-9-]{0,61}$/.test(pipeline.name)) {
      const allowed = "a–z, 0–9 and '-', beginning with a letter, 62 at most";
      problems.push({ path: pipeline.name, message: "This is no name of a pipeline.", given: pipeline.name, allowed });
    }
    if (pipelines.findIndex(({ name }) => name === pipeline.name) < index) {
      const message = "There is another pipeline of this name.";
      problems.push({ path: pipeline.name, message, given: pipeline.name, fix: "Give one another name." });
    }
    for (const part of pipeline.parts) problems.push(...checkPart(pipeline, part, seen, users));
  }
  return [...problems, ...checkDatabases(pipelines)];
}

function checkPart(
  pipeline: Pipeline,
  part: Part,
  seen: Map<string, string>,
  users: ReadonlyMap<string, string>,
): Problem[] {
  const problems: Problem[] = [];
  const path = placeOf(pipeline, part);
  const { name } = part;
  const kind = kindOf(part);
  if (!/^[a-z][a-z0-9-]*$/.test(name) || name.length > longest(part)) {
    const allowed = `a–z, 0–9 and '-', beginning with a letter, ${longest(part)} at most`;
    problems.push({ path, message: "This is no name of a part.", given: name, allowed });
  }
  if (kind === "app" && reservedNames.includes(name)) {
    const allowed = `any but ${reservedNames.join(", ")}`;
    problems.push({ path, message: "The platform itself has something of this name.", given: name, allowed });
  }
  const owner = kind === "app" && users.get(name);
  if (owner) {
    const message = `${owner} has a user of this name.`;
    problems.push({ path, message, given: name, fix: "Give the app another name." });
  }
  const former = seen.get(`${kind} ${name}`);
  if (former) {
    const message = `There is another ${kind} of this name, in ${former}.`;
    problems.push({ path, message, given: name, fix: "Give one another name." });
  }
  seen.set(`${kind} ${name}`, path);
  return problems;
}

function checkDatabases(pipelines: readonly Pipeline[]): Problem[] {
  const problems: Problem[] = [];
  for (const { name } of databasesOf(pipelines).values()) {
    if (/^[a-z][a-z0-9_-]{0,62}$/.test(name) && !reservedDatabases.includes(name)) continue;
    problems.push({
      path: `database ${name}`,
      message: "This is no name of a database.",
      given: name,
      allowed: `a–z, 0–9, '_' and '-', beginning with a letter, 63 at most, none of ${reservedDatabases.join(", ")}`,
    });
  }
  return problems;
}
