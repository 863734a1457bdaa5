import { readConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import { nearest, UserError } from "../plan/problems";
import { planFor } from "../program";

/** Prints the whole script of a job: settings, tables, views and inserts, as Flink gets it. */
export async function sql({ stack, configText, configFile, words }: Invocation): Promise<number> {
  const plan = await planFor(stack, readConfig(valuesOf(configText), configFile, configText));
  const [name = ""] = words;
  const job = plan.jobs.find((known) => known.name === name);
  if (!job) {
    const names = plan.jobs.map((known) => known.name);
    const meant = nearest(name, names);
    throw new UserError([
      {
        message: "There is no such job.",
        given: name,
        allowed: names,
        fix: meant ? `npm run sql -- ${meant}` : "npm run sql -- <job>",
      },
    ]);
  }
  process.stdout.write(job.statements.map((statement) => `${statement.replace(/;?\s*$/, "")};\n`).join("\n"));
  return 0;
}
