import { readConfig, type StackConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import { type Environment, environmentsOf } from "../ephemeral/age";
import { sweep } from "../ephemeral/sweep";
import { UserError } from "../plan/problems";
import { readStackFile } from "../stack-file";
import { listStacks } from "../workspace";
import { down } from "./down";
import { say } from "./engine";
import { up } from "./up";

const usage = "npm run ephemeral -- up <n> | down <n> | list | sweep, where <n> is the number of a pull request";

/** Environments of pull requests: made, taken away, listed, and swept when their time is over. */
export async function ephemeral(invocation: Invocation): Promise<number> {
  const [verb, number, ...rest] = invocation.words;
  const takesNumber = verb === "up" || verb === "down";
  const isRight = takesNumber ? /^\d{1,9}$/.test(number ?? "") : number === undefined;
  if (!isRight || rest.length > 0 || !["up", "down", "list", "sweep"].includes(verb ?? "")) {
    throw new UserError([{ message: "This cannot be done.", given: invocation.words.join(" "), allowed: usage }]);
  }
  const of = (stack: string): Invocation => ({ ...invocation, stack, ...readStackFile(stack) });
  if (verb === "up") return up(of(`pr-${number}`));
  if (verb === "down") return down(of(`pr-${number}`));
  const environments = environmentsOf(await listStacks(), timeToLive(), Date.now());
  if (verb === "list") {
    for (const line of table(environments)) process.stdout.write(`${line}\n`);
    return 0;
  }
  const failed = await sweep(environments, async (name) => (await down(of(name))) === 0, say);
  const swept = environments.filter(({ state }) => state === "expired").length - failed.length;
  say(`swept: ${swept} of ${environments.length}`);
  if (failed.length > 0) say(`STILL THERE: ${failed.join(", ")}. npm run ephemeral -- down <n> says why.`);
  return failed.length > 0 ? 1 : 0;
}

function timeToLive(): StackConfig["timeToLive"] {
  const { configFile, configText } = readStackFile("pr-0");
  return readConfig(valuesOf(configText), configFile, configText).timeToLive;
}

function table(environments: readonly Environment[]): string[] {
  if (environments.length === 0) return ["There is no environment of a pull request."];
  const row = (...cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd([12, 10, 14, 0][i] ?? 0))
      .join("")
      .trimEnd();
  return [
    row("environment", "state", "idle", "resources"),
    ...environments.map(({ name, state, idleMs, resources }) => row(name, state, idle(idleMs), String(resources))),
  ];
}

function idle(ms: number | undefined): string {
  if (ms === undefined) return "never used";
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}
