import { accessChanges } from "./access";
import { type Change, changesOf, count, differences } from "./change";
import type { Footprint } from "./footprint";
import { jobChanges } from "./jobs";
import { nothing, type PlanRecord } from "./record";
import { subjectChanges } from "./subjects";
import { tableChanges } from "./tables";
import { topicChanges } from "./topics";

export { markdown, type ResourceChange, refusal } from "./markdown";
export { type PlanRecord, recordOf } from "./record";

/** What changes when a plan is deployed over another, in words of the domain. */
export interface Comparison {
  readonly first: boolean;
  readonly sections: readonly { readonly title: string; readonly changes: readonly Change[] }[];
  readonly cost: CostChange | undefined;
}

export interface CostChange {
  readonly direction: "up" | "down" | "as before" | "both";
  readonly lines: readonly string[];
}

/** @param before undefined when nothing is deployed */
export function compare(before: PlanRecord | undefined, after: PlanRecord): Comparison {
  const was = before ?? nothing;
  const sections = [
    { title: "Topics", changes: topicChanges(was.topics, after.topics) },
    { title: "Schemas", changes: subjectChanges(was.subjects, after.subjects) },
    { title: "Captures", changes: captureChanges(was.captures, after.captures) },
    { title: "Jobs", changes: jobChanges(was.jobs, after.jobs) },
    { title: "Apps", changes: appChanges(was.apps, after.apps) },
    { title: "Tables", changes: tableChanges(was.databases, after.databases) },
    { title: "Access", changes: accessChanges(was.principals, after.principals) },
  ];
  return {
    first: before === undefined,
    sections: sections.filter(({ changes }) => changes.length > 0),
    cost: costChange(was.footprint, after.footprint),
  };
}

function captureChanges(before: PlanRecord["captures"], after: PlanRecord["captures"]): Change[] {
  return changesOf(before, after, {
    added: ({ database, tables }) => [`${count(tables.length, "table")} of ${database}`, "begins with a snapshot"],
    removed: () => "its place in the database's log is lost: a new one begins with a snapshot",
    changed: (was, is) => {
      const added = is.tables.filter((table) => !was.tables.includes(table)).map((table) => `+ table ${table}`);
      const removed = was.tables.filter((table) => !is.tables.includes(table)).map((table) => `- table ${table}`);
      const { "table.include.list": _, ...options } = was.config;
      const { "table.include.list": __, ...now } = is.config;
      return { how: [...added, ...removed, ...differences(options, now)] };
    },
  });
}

function appChanges(before: PlanRecord["apps"], after: PlanRecord["apps"]): Change[] {
  return changesOf(before, after, {
    added: ({ folder, standIn }) => [`apps/${folder}`, ...(standIn ? ["stand-in"] : [])],
    removed: () => undefined,
    changed: (was, is) => {
      const moved = was.folder === is.folder ? [] : [`apps/${was.folder} → apps/${is.folder}`];
      return { how: [...moved, ...differences(was.env, is.env)] };
    },
  });
}

const measures: readonly [key: keyof Footprint, words: string][] = [
  ["cores", "cores"],
  ["memoryGiB", "GiB of memory"],
  ["storageGiB", "GiB of disk"],
  ["nodes", "machines at least"],
];

function costChange(before: Footprint | null, after: Footprint | null): CostChange | undefined {
  if (!before && !after) return undefined;
  const changed = measures.flatMap(([key, words]) => {
    const [was, is] = [before?.[key] ?? 0, after?.[key] ?? 0];
    return was === is ? [] : [{ up: is > was, line: before ? `${was} → ${is} ${words}` : `${is} ${words}` }];
  });
  const ups = changed.filter(({ up }) => up).length;
  const direction = changed.length === 0 ? "as before" : ups === changed.length ? "up" : ups === 0 ? "down" : "both";
  return { direction, lines: changed.map(({ line }) => line) };
}
