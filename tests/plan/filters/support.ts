import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Filter, parseFilters } from "../../../infra/plan/filters";
import { formatProblem } from "../../../infra/plan/problems";
import { outputs } from "../../fixtures/filters-events";

export const root = join(__dirname, "..", "..", "..");
export const schema = JSON.parse(readFileSync(join(root, "schemas/business-events/business-event.avsc"), "utf8"));

export const parse = (text: string, given = schema) =>
  parseFilters(text, { file: "filters.yaml", schema: given, outputs });

/** The only filter of a file without problems. */
export function parseOk(text: string, given = schema): Filter {
  const { filters, problems } = parse(text, given);
  if (problems.length > 0 || !filters[0]) throw new Error(`${problems.map(formatProblem).join("\n")}\n${text}`);
  return filters[0];
}

/** What a person reads of the problems of a file. */
export const problemsOf = (text: string, given = schema): string =>
  parse(text, given).problems.map(formatProblem).join("\n");
