import { isAbsolute, normalize } from "node:path";
import { type Problem, refuse } from "../../plan/problems";
import { reservedNames } from "./paths";
import type { ProcessSpec } from "./protocol";

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** @throws UserError with everything that is wrong with the spec. */
export function checkSpec(spec: ProcessSpec): void {
  const problems: Problem[] = [];
  const add = (path: string, message: string, given: unknown, allowed: string) =>
    problems.push({ path: `${spec.name} › ${path}`, message, given, allowed });
  if (!NAME.test(spec.name) || reservedNames.includes(spec.name)) {
    const allowed = `small letters, digits, - and _, at most 63, none of ${reservedNames.join(", ")}`;
    add("name", "A process cannot have this name, as its folder is named after it.", spec.name, allowed);
  }
  if (!spec.command[0]) add("command", "There is no program to run.", spec.command, "the program and its arguments");
  if (spec.prepare && !spec.prepare.command[0]) {
    add("prepare.command", "There is no program to run.", spec.prepare.command, "the program and its arguments");
  }
  for (const path of [...Object.keys(spec.files), ...(spec.pidFiles ?? [])]) {
    if (isAbsolute(path) || normalize(path) !== path || path.startsWith("..") || path === ".") {
      add("files", "A file must lie in the process's folder.", path, "a relative path without . and ..");
    }
  }
  for (const port of [...spec.ports, ...probedPorts(spec)]) {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      add("ports", "This is no TCP port.", port, "a whole number from 1 to 65535");
    }
  }
  if ("http" in spec.ready && !/^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(spec.ready.http)) {
    add(
      "ready.http",
      "Readiness is asked on this machine only.",
      spec.ready.http,
      "a URL that starts with http://127.0.0.1:",
    );
  }
  refuse(problems, `process ${JSON.stringify(spec.name)} cannot be run`);
}

function probedPorts({ ready }: ProcessSpec): number[] {
  if ("http" in ready) return [];
  return ["tcp" in ready ? ready.tcp : ready.postgres];
}
