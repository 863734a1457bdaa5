import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../deploy";
import { supervisorOf } from "../local/supervisor/client";
import { stackRoot } from "../paths";
import { nearest, UserError } from "../plan/problems";

/** Prints the last 200 lines of a process's log, and with --follow what comes. */
export async function logs({ stack, words, flags }: Invocation): Promise<number> {
  const folder = join(stackRoot(stack), "logs");
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".log"))
        .map((file) => file.slice(0, -4))
    : [];
  const name = known(words[0] ?? "", names, "npm run logs");
  const tail = spawn("tail", ["-n", "200", ...(flags.follow ? ["-F"] : []), join(folder, `${name}.log`)], {
    stdio: "inherit",
  });
  return new Promise((resolve) => tail.on("exit", (code) => resolve(code ?? 0)));
}

export async function restart({ stack, words }: Invocation): Promise<number> {
  const supervisor = supervisorOf(stackRoot(stack));
  const processes = await supervisor.status();
  const name = known(words[0] ?? "", processes?.map((process) => process.name) ?? [], "npm run restart");
  await supervisor.restart(name);
  process.stdout.write(`${name} restarted\n`);
  return 0;
}

function known(name: string, names: readonly string[], command: string): string {
  if (names.includes(name)) return name;
  const meant = nearest(name, names);
  const fix =
    names.length === 0 ? "Nothing of this stack has run: npm run up" : `${command} -- ${meant ?? "<process>"}`;
  throw new UserError([
    { message: "There is no such process.", given: name, allowed: names.length > 0 ? [...names] : "none yet", fix },
  ]);
}
