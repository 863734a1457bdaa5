import fc from "fast-check";
import {
  type App,
  app,
  avro,
  database,
  deadLetter,
  type FlinkJob,
  flinkJob,
  pipeline,
  standIn,
  topic,
} from "../../infra/model";
import { planAccess } from "../../infra/plan/access";
import type { PrincipalPlan } from "../../infra/plan/types";
import { copyProject, planOf, temporaryFolder } from "./project";

/** Who may do what follows from who reads and writes what, and nothing beyond it: here it is worked out a second time, right by right. */

const topics = ["t0", "t1", "t2", "t3"].map((name) => topic(name, { schema: avro("x", "FULL"), key: "id" }));
const shop = database("shop");
const tables = ["orders", "items", "notes"].map((name) => shop.table(name));

const some = <T>(...all: readonly T[]) => fc.subarray([...all]);
const flow = fc.record({
  reads: fc.tuple(some(...topics), some(...tables)).map(([t, d]) => [...t, ...d]),
  writes: fc.tuple(some(...topics), some(...tables)).map(([t, d]) => [...t, ...d]),
  rejects: fc.option(fc.constantFrom(...topics).map(deadLetter), { nil: undefined }),
});
const apps = fc
  .array(flow, { maxLength: 4 })
  .map((flows) => flows.map((args, i) => app(`app-${i}`, args as App["args"])));
const jobs = fc
  .array(fc.record({ reads: some(...topics), writes: some(...topics) }), {
    maxLength: 3,
  })
  .map((flows) => flows.map((args, i) => flinkJob(`job-${i}`, args as FlinkJob["args"])));
const pipelines = fc
  .tuple(apps, jobs)
  .map(([a, j]) => [pipeline("first", [...a, ...j.slice(1)]), pipeline("second", j.slice(0, 1))]);

const project = copyProject(temporaryFolder());

/** Every right as one line. */
function rights({ kafka, postgres, replication }: PrincipalPlan): string[] {
  return [
    ...kafka.flatMap((grant) =>
      grant.operations.map((operation) => `${operation} ${grant.resource} ${grant.name}${grant.prefix ? "*" : ""}`),
    ),
    ...postgres.flatMap((grant) =>
      grant.privileges.map((privilege) => `${privilege} ${grant.database}.${grant.table}`),
    ),
    ...(replication ? ["REPLICATION"] : []),
  ].sort();
}

/** What a flow implies, said in the plainest way. */
function implied(args: App["args"] | FlinkJob["args"], group: string): string[] {
  const all = new Set<string>();
  for (const end of args.reads ?? []) {
    if (end.kind === "table") all.add(`SELECT shop.${end.name}`);
    else
      for (const right of [
        `Read topic ${end.name}`,
        `Describe topic ${end.name}`,
        `Read group ${group}`,
        `Describe group ${group}`,
      ])
        all.add(right);
  }
  const written = (args.writes ?? []).flatMap((end) => (end.kind === "table" ? [] : [end.name]));
  if ("rejects" in args && args.rejects) written.push(args.rejects.name);
  if (group.startsWith("flink-"))
    for (const end of args.reads ?? []) if (end.kind !== "table") written.push(`${end.name}.dlq`);
  for (const name of written) for (const right of ["Write", "Describe"]) all.add(`${right} topic ${name}`);
  for (const end of args.writes ?? []) {
    if (end.kind === "table") for (const right of ["SELECT", "INSERT", "UPDATE"]) all.add(`${right} shop.${end.name}`);
  }
  return [...all];
}

test("an app has exactly the rights that its flow implies", () => {
  fc.assert(
    fc.property(pipelines, (all) => {
      const principals = planAccess(all);
      for (const part of all.flatMap(({ parts }) => parts)) {
        if (part.kind !== "app") continue;
        const own = principals.filter(({ name }) => name === part.name);
        expect(own).toHaveLength(1);
        const expected = implied(part.args, part.name);
        // A producer that must not write twice asks the cluster for a number.
        if (expected.some((right) => right.startsWith("Write ")))
          expected.push("IdempotentWrite cluster kafka-cluster");
        expect(rights(own[0] as PrincipalPlan)).toEqual(expected.sort());
      }
    }),
  );
});

test("Flink has exactly the rights of all its jobs, and is there only when there is a job", () => {
  fc.assert(
    fc.property(pipelines, (all) => {
      const flinkJobs = all.flatMap(({ parts }) => parts.filter((part) => part.kind === "flink job"));
      const own = planAccess(all).filter(({ name }) => name === "flink");
      expect(own).toHaveLength(flinkJobs.length > 0 ? 1 : 0);
      if (!own[0]) return;
      const groups = flinkJobs.flatMap(({ name }) => [`Read group flink-${name}`, `Describe group flink-${name}`]);
      const expected = new Set([...groups, ...flinkJobs.flatMap(({ name, args }) => implied(args, `flink-${name}`))]);
      expect(rights(own[0])).toEqual([...expected].sort());
    }),
  );
});

test("a resource is granted once, with all its rights together", () => {
  fc.assert(
    fc.property(pipelines, (all) => {
      for (const { kafka, postgres } of planAccess(all)) {
        const names = kafka.map(({ resource, name }) => `${resource} ${name}`);
        expect(new Set(names).size).toBe(names.length);
        expect(kafka.every(({ operations }) => new Set(operations).size === operations.length)).toBe(true);
        const granted = postgres.map(({ table }) => table);
        expect(new Set(granted).size).toBe(granted.length);
      }
    }),
  );
});

test("nobody may change a topic's configuration, make or delete topics, or has rights by prefix", () => {
  fc.assert(
    fc.property(pipelines, (all) => {
      for (const { kafka } of planAccess(all)) {
        for (const { operations, prefix } of kafka) {
          expect(prefix).toBeFalsy();
          expect(operations).not.toEqual(expect.arrayContaining(["Create"]));
          expect(operations).not.toEqual(expect.arrayContaining(["DescribeConfigs"]));
        }
      }
    }),
  );
});

test("a stand-in may change each table of the database that it plays, and nothing else there is", async () => {
  const played = database("consumers");
  const runs = "business-events/consumer";
  const all = [pipeline("one", [standIn("player", { plays: played, runs, writes: [played.table("car_events")] })])];
  const [player] = (await planOf(project, all)).principals;
  const everything = ["DELETE", "INSERT", "SELECT", "UPDATE"];
  const expected = ["car_events", "loan_events", "service_events"].flatMap((table) =>
    everything.map((right) => `${right} consumers.${table}`),
  );
  expect(rights(player as PrincipalPlan)).toEqual(expected.sort());
  expect(player?.postgres.map(({ table }) => table).sort()).toEqual(["car_events", "loan_events", "service_events"]);
});
