import { type Token, tokenize } from "../sql/tokens";
import type { JobPlan } from "../types";
import { type Change, changesOf, count } from "./change";

export function jobChanges(before: readonly JobPlan[], after: readonly JobPlan[]): Change[] {
  return changesOf(before, after, {
    added: (job) => [job.file, count(job.parallelism, "slot"), stateOf(job)],
    removed: (job) => (heldBy(job).length > 0 ? "its state is lost" : undefined),
    changed: (was, is) => {
      const rescaled = was.parallelism !== is.parallelism ? [`parallelism ${was.parallelism} → ${is.parallelism}`] : [];
      if (logicOf(was) === logicOf(is)) return { how: rescaled };
      const held = heldBy(was);
      const how = [...rescaled, "script changed", stateOf(is)];
      if (held.length === 0) return { how };
      return { how, risk: `it holds state (${held.join(", ")}): what does not fit the new script is lost` };
    },
  });
}

/** The script without what is set from the outside. */
const logicOf = ({ statements }: JobPlan) =>
  statements.filter((text) => !text.startsWith("SET 'parallelism.default'")).join(";\n");

function stateOf(job: JobPlan): string {
  const held = heldBy(job);
  return held.length > 0 ? `stateful: ${held.join(", ")}` : "without state but its place in the topics";
}

/** What of a job's script makes Flink remember rows, in words of SQL. */
export function heldBy({ statements }: Pick<JobPlan, "statements">): string[] {
  const queries = statements.filter((text) => !/^(SET|CREATE\s+(TEMPORARY\s+)?TABLE)\s/i.test(text));
  return [...new Set(queries.flatMap((text) => statefulWords(tokenize(text))))].sort();
}

function statefulWords(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ word }, i): string[] => {
    const [former = "", next = ""] = [tokens[i - 1]?.word, tokens[i + 1]?.word];
    switch (word) {
      case "JOIN":
        // What stands in the row itself is not remembered.
        return next === "UNNEST" || next === "LATERAL" ? [] : ["join"];
      case "GROUP":
        return next === "BY" ? ["group by"] : [];
      case "DISTINCT":
        // IS [NOT] DISTINCT FROM compares.
        return former === "IS" || former === "NOT" ? [] : ["distinct"];
      case "UNION":
        return next === "ALL" ? [] : ["union"];
      case "ORDER":
        return next === "BY" ? ["order by"] : [];
      case "OVER":
      case "INTERSECT":
      case "EXCEPT":
        return [word.toLowerCase()];
      case "MATCH_RECOGNIZE":
        return ["pattern"];
      default:
        return [];
    }
  });
}
