import type { Due } from "./clock";
import type { RunArgs } from "./runs";

/** `dbt build` of a project. @returns rows that its models wrote */
export async function build(_args: RunArgs, project: string, _due: Due, _limitMs: number): Promise<number> {
  throw new Error(`dbt is not here: ${project}`);
}
