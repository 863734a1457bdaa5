import type { Problem } from "../problems";
import { formatProblem } from "../problems";
import type { Change } from "./change";
import { count } from "./change";
import type { Comparison } from "./index";

/** One resource of the engine's preview that does not stay as it is. */
export interface ResourceChange {
  readonly operation: "create" | "update" | "replace" | "delete";
  readonly type: string;
  readonly name: string;
}

/** At most so many resources are named: a comment has 65 536 characters. */
const maxResources = 150;
const maxChanges = 60;

/** The report of a stack's preview: the domain first, resources below. */
export function markdown(stack: string, comparison: Comparison, resources: readonly ResourceChange[]): string {
  const { first, sections, cost } = comparison;
  const risks = sections.flatMap(({ title, changes }) =>
    changes.flatMap(({ what, risk }) => (risk ? [`- **${title.toLowerCase()}** ${code(what)}: ${text(risk)}`] : [])),
  );
  return [
    `## ${stack}`,
    "",
    ...(first ? ["No earlier plan is recorded: all of it is shown as new.", ""] : []),
    ...(risks.length > 0 ? [`### ⚠ ${count(risks.length, "risk")}`, "", ...limited(risks, maxChanges), ""] : []),
    ...sections.flatMap(({ title, changes }) => [`### ${title}`, "", ...limited(changes.map(line), maxChanges), ""]),
    ...(sections.length === 0 ? ["No topic, schema, capture, job, app, table or right changes.", ""] : []),
    ...(cost ? ["### Cost", "", costLine(cost), ""] : []),
    ...resourceLines(resources),
    "",
  ].join("\n");
}

/** The report of a preview that was refused. */
export function refusal(stack: string, problems: readonly Problem[]): string {
  const said = problems.map(formatProblem).join("\n").replaceAll("```", "'''");
  const title = `### ⚠ It cannot be deployed: ${count(problems.length, "problem")}`;
  return [`## ${stack}`, "", title, "", "```", said, "```", ""].join("\n");
}

const signs = { added: "+", changed: "~", removed: "-" };
function line({ kind, what, how, risk }: Change): string {
  const words = how.map(text).join(", ");
  return `- ${code(signs[kind])} ${code(what)}${words ? ` ${words}` : ""}${risk ? " ⚠" : ""}`;
}

const directions = { up: "Goes up", down: "Goes down", both: "Goes up and down", "as before": "As before" };
function costLine({ direction, lines }: NonNullable<Comparison["cost"]>): string {
  return lines.length > 0 ? `${directions[direction]}: ${lines.join(", ")}.` : `${directions[direction]}.`;
}

function resourceLines(resources: readonly ResourceChange[]): string[] {
  if (resources.length === 0) return ["No resource changes."];
  const counts = new Map<string, number>();
  for (const { operation } of resources) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  const summary = [...counts].map(([operation, number]) => `${number} to ${operation}`).join(", ");
  const order = ["delete", "replace", "update", "create"];
  const sorted = [...resources].sort((a, b) => order.indexOf(a.operation) - order.indexOf(b.operation));
  const lines = sorted.map(({ operation, type, name }) => `- ${operation} ${code(type)} ${code(name)}`);
  return [
    "<details>",
    `<summary>Resources: ${summary}</summary>`,
    "",
    ...limited(lines, maxResources),
    "",
    "</details>",
  ];
}

function limited(lines: readonly string[], most: number): string[] {
  const rest = lines.length - most;
  return rest > 0 ? [...lines.slice(0, most), `- … and ${rest} more`] : [...lines];
}

/** Names and values come from files that anybody may propose: they are shown, never rendered. */
const code = (value: string) => `\`${value.replace(/[`\n\r]/g, "'")}\``;
const text = (value: string) => value.replace(/[\\`*_{}[\]<>|#@~]/g, "\\$&").replace(/\s+/g, " ");
