import { jobGroup } from "./access";
import type { Plan } from "./types";

/** One step of the way that captured changes take: these groups read these topics. */
export interface Wave {
  readonly topics: readonly string[];
  readonly readers: readonly { readonly group: string; readonly topics: readonly string[] }[];
}

/** The way of captured changes through topics, jobs and apps, step by step: what a step has read, it has written on before the next one is looked at. */
export function wavesOf(plan: Plan): Wave[] {
  const readers = [
    ...plan.jobs.map(({ name, reads, writes }) => ({ group: jobGroup(name), reads, writes })),
    ...plan.apps.map((app) => {
      const kafka = plan.principals.find(({ name }) => name === app.principal)?.kafka ?? [];
      const topics = (operation: "Read" | "Write") =>
        kafka
          .filter(({ resource, operations }) => resource === "topic" && operations.includes(operation))
          .map(({ name }) => name);
      return { group: app.principal, reads: topics("Read"), writes: topics("Write") };
    }),
  ];
  const waves: Wave[] = [];
  const seen = new Set<string>();
  let topics = [...new Set(plan.captures.flatMap((capture) => capture.topics))];
  while (topics.length > 0) {
    for (const topic of topics) seen.add(topic);
    const now = readers.flatMap(({ group, reads, writes }) => {
      const its = reads.filter((topic) => topics.includes(topic));
      return its.length > 0 ? [{ group, topics: its, writes }] : [];
    });
    if (now.length > 0) waves.push({ topics, readers: now.map(({ group, topics }) => ({ group, topics })) });
    topics = [...new Set(now.flatMap(({ writes }) => writes))].filter((topic) => !seen.has(topic));
  }
  return waves;
}
