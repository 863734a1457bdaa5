import type { Explanation, Seen } from "./evaluate";
import { type Condition, type Filter, type Group, operators, type Value } from "./types";

/** The filter in words, one line for each condition. */
export function describeFilter(filter: Filter): string {
  const flags = [filter.enabled ? "" : "disabled", filter.sharesOutput ? "shares its output" : ""].filter(Boolean);
  const head = `${filter.id}: for ${filter.consumerId}, to ${filter.outputTopic}${flags.length > 0 ? ` (${flags.join(", ")})` : ""}`;
  const details = [...(filter.description ? [filter.description] : []), ...describeGroup(filter.root)];
  return [head, ...details.map((line) => `  ${line}`)].join("\n");
}

function describeGroup(group: Group): string[] {
  const items = group.conditions.map((each) =>
    each.kind === "condition" ? [describeCondition(each)] : describeGroup(each),
  );
  return [
    groupHead(group),
    ...items.flatMap((lines) => lines.map((line, index) => `${index === 0 ? "- " : "  "}${line}`)),
  ];
}

function groupHead(group: Group): string {
  const every = group.logic === "AND" ? "all of" : "any of";
  return group.sameEntityOf ? `one element of ${group.sameEntityOf.path.join(".")} fits ${every}` : every;
}

export function describeCondition(condition: Condition): string {
  const { field, operator, values } = condition;
  const { takes, words } = operators[operator];
  const shown = values.map(describeValue);
  const object = takes === "pair" ? `${shown[0]} and ${shown[1]}, both included` : shown.join(", ");
  return `${field.name} ${words}${object ? ` ${object}` : ""}`;
}

const describeValue = (value: Value): string =>
  value.type === "text" ? JSON.stringify(value.text) : value.type === "number" ? value.text : String(value.value);

/** What made the filter hold, or kept it from holding; conditions that changed nothing are left out. */
export function describeExplanation(explanation: Explanation): string[] {
  const mark = explanation.holds ? "+" : "-";
  switch (explanation.kind) {
    case "beyond the bound":
      return [
        `- ${explanation.array.path.join(".")} has ${explanation.length} elements; with more than ${explanation.array.maxItems} an event goes to the dead letter`,
      ];
    case "condition":
      return [`${mark} ${describeCondition(explanation.condition)}: ${describeSeen(explanation.seen)}`];
    case "same entity": {
      const name = explanation.array.path.join(".");
      if (explanation.elements.length === 0) return [`- one element of ${name} fits: there is none`];
      const found = explanation.elements.findIndex((each) => each.holds);
      if (found >= 0) return [`+ ${name}[${found}] fits`, ...nested(explanation.elements[found] as Explanation)];
      return explanation.elements.flatMap((each, index) => [`- ${name}[${index}] does not fit`, ...nested(each)]);
    }
    case "group": {
      const decisive = explanation.parts.filter((part) => part.holds === explanation.holds);
      return decisive.flatMap(describeExplanation);
    }
  }
}

const nested = (explanation: Explanation): string[] => describeExplanation(explanation).map((line) => `  ${line}`);

function describeSeen(seen: readonly Seen[]): string {
  if (seen.length === 0) return "there is no element";
  const decisive = seen.filter((each) => each.holds);
  return (decisive.length > 0 ? decisive : seen)
    .map(
      ({ value, element }) =>
        `${element === undefined ? "" : `[${element}] `}${typeof value === "string" ? shorten(value) : (value ?? "null")}`,
    )
    .join(", ");
}

const shorten = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
