import { join } from "node:path";
import fc from "fast-check";
import { environments } from "../../infra/environments";
import { projectRoot } from "../../infra/paths";
import { compare, markdown, type PlanRecord, recordOf, refusal } from "../../infra/plan/report";
import { heldBy } from "../../infra/plan/report/jobs";
import type { Plan } from "../../infra/plan/types";
import { defaults, planOf, testCache } from "./project";

let plan: Plan;
let record: PlanRecord;
beforeAll(async () => {
  plan = await planOf({ root: projectRoot, cacheFolder: join(testCache, "plan") });
  record = recordOf(plan, { ...defaults, target: "kubernetes", environment: "staging" });
});

type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };
/** The record of the real pipelines with something changed. */
function changed(change: (record: Mutable<PlanRecord>) => void): PlanRecord {
  const copy = structuredClone(record) as Mutable<PlanRecord>;
  change(copy);
  return copy as PlanRecord;
}
const one = <T extends { name: string }>(list: T[], name: string) => list.find((each) => each.name === name) as T;
/** The report without resources, below its heading. */
const said = (before: PlanRecord | undefined, after: PlanRecord) =>
  markdown("staging", compare(before, after), []).split("\n").filter(Boolean).slice(1);

test("what stays as it is is not spoken of", () => {
  expect(
    said(
      record,
      changed(() => {}),
    ),
  ).toEqual([
    "No topic, schema, capture, job, app, table or right changes.",
    "### Cost",
    "As before.",
    "No resource changes.",
  ]);
});

test("a first deployment is all new", () => {
  const { first, sections, cost } = compare(undefined, record);
  expect(first).toBe(true);
  expect(sections.map(({ title }) => title)).toEqual([
    "Topics",
    "Schemas",
    "Captures",
    "Jobs",
    "Apps",
    "Tables",
    "Access",
  ]);
  const kinds = sections.filter(({ title }) => title !== "Tables").flatMap(({ changes }) => changes);
  expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(["added"]));
  expect(cost?.direction).toBe("up");
});

test("a topic that goes loses its records, one that grows the order of its keys, one that is kept for less older records", () => {
  const after = changed(({ topics }) => {
    topics.splice(
      topics.findIndex(({ name }) => name === "filtered-car-events"),
      1,
    );
    one(topics, "raw-business-events").partitions = 6;
    one(topics, "filtered-loan-events").config["retention.ms"] = "86400000";
  });
  expect(said(record, after)).toEqual(
    expect.arrayContaining([
      "### ⚠ 3 risks",
      "- **topics** `filtered-car-events`: its records are lost",
      "- `~` `raw-business-events` 3 → 6 partitions ⚠",
      "- `~` `filtered-loan-events` kept 1 day, was kept 7 days ⚠",
      "- `-` `filtered-car-events` ⚠",
    ]),
  );
});

test("a schema is said to be allowed by its level, or what breaks it", () => {
  const schemaOf = (fields: object[]) => JSON.stringify({ type: "record", name: "Event", fields });
  const [id, at] = [
    { name: "id", type: "string" },
    { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
  ];
  const subject = { name: "events-value", schemaType: "AVRO" as const, compatibility: "BACKWARD" as const, file: "f" };
  const before = changed((now) => now.subjects.push({ ...subject, schema: schemaOf([id]) }));
  const withOptional = changed((now) =>
    now.subjects.push({ ...subject, schema: schemaOf([id, { ...at, type: ["null", at.type], default: null }]) }),
  );
  const withRequired = changed((now) => now.subjects.push({ ...subject, schema: schemaOf([id, at]) }));
  expect(said(before, withOptional)).toContain(
    "- `~` `events-value` + at null or timestamp-millis, allowed by BACKWARD",
  );
  expect(said(before, withRequired)).toContain("- `~` `events-value` + at timestamp-millis, breaks BACKWARD ⚠");
});

test("a job's state is at risk when it has some", () => {
  const withJob = (sql: string, parallelism = 1) =>
    changed((now) => {
      const job = one(now.jobs, "to-events");
      job.statements = [`SET 'parallelism.default' = '${parallelism}'`, sql];
      job.parallelism = parallelism;
    });
  const plain = "INSERT INTO a SELECT * FROM b";
  const grouped = "INSERT INTO a SELECT x, COUNT(*) FROM b GROUP BY x";
  expect(said(withJob(plain), withJob(`${plain} WHERE x > 1`))).toContain(
    "- `~` `to-events` script changed, without state but its place in the topics",
  );
  expect(said(withJob(grouped), withJob(plain))).toContain(
    "- **jobs** `to-events`: it holds state (group by): what does not fit the new script is lost",
  );
  expect(said(withJob(grouped), withJob(grouped, 4))).toContain("- `~` `to-events` parallelism 1 → 4");
});

test.each([
  ["SELECT * FROM a JOIN b ON a.x = b.x", ["join"]],
  ["SELECT * FROM a CROSS JOIN UNNEST(a.items) AS t (x)", []],
  ["SELECT x IS NOT DISTINCT FROM y FROM a UNION ALL SELECT 1 FROM b", []],
  ["SELECT DISTINCT x FROM a UNION SELECT y FROM b", ["distinct", "union"]],
  ["SELECT ROW_NUMBER() OVER (PARTITION BY x ORDER BY y) FROM a", ["order by", "over"]],
  ["SELECT 'GROUP BY' FROM a -- JOIN", []],
  ["CREATE TABLE a (x INT) WITH ('k' = 'GROUP BY')", []],
])("%s remembers %j", (sql, held) => {
  expect(heldBy({ statements: [sql] })).toEqual(held);
});

test("access gained and lost is told by right", () => {
  const after = changed(({ principals }) => {
    const consumer = one(principals, "loan-consumer");
    consumer.kafka = [{ resource: "topic", name: "raw-business-events", operations: ["Read", "Describe"] }];
    consumer.postgres = [];
  });
  const lines = said(record, after).filter((line) => line.startsWith("- `~` `loan-consumer`"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("may read topic raw-business-events");
  expect(lines[0]).toContain("may no longer read topic filtered-loan-events");
  expect(lines[0]).toContain("may no longer SELECT consumers.loan\\_events");
});

test("a table's columns, and the migrations that are run", () => {
  const after = changed(({ databases }) => {
    const database = one(databases, "consumers");
    database.migrations.push({ file: "migrations/consumers/0002_more.sql", sha256: "" });
    const table = one(database.tables, "loan_events");
    table.columns.push({ name: "note", type: "text", nullable: true, hasDefault: false });
    table.columns.shift();
  });
  const first = one(one(record.databases as Mutable<PlanRecord["databases"]>, "consumers").tables, "loan_events")
    .columns[0]?.name;
  expect(said(record, after)).toEqual(
    expect.arrayContaining([
      "- `~` `consumers` runs migrations/consumers/0002\\_more.sql",
      expect.stringContaining(`the values of ${first?.replaceAll("_", "\\_")} are lost`),
      expect.stringMatching(/^- `~` `consumers.loan_events` \+ note text, - .* ⚠$/),
    ]),
  );
});

test("cost follows from the sizes of the environment", () => {
  const of = (environment: keyof typeof environments, target: "aws" | "kubernetes" = "aws") =>
    recordOf(plan, { ...defaults, target, environment });
  expect(compare(of("staging"), of("prod")).cost?.direction).toBe("up");
  expect(compare(of("prod"), of("staging")).cost?.direction).toBe("down");
  expect(recordOf(plan, defaults).footprint).toBeNull();
  expect(of("prod").footprint?.nodes).toBe(3 * environments.prod.aws.nodes.min);
});

test("whatever comes or goes is named, and coming is the reverse of going", () => {
  const lists = ["topics", "subjects", "captures", "jobs", "apps", "principals"] as const;
  fc.assert(
    fc.property(fc.infiniteStream(fc.boolean()), (coins) => {
      const less = changed((now) => {
        for (const list of lists) now[list] = now[list].filter(() => coins.next().value as boolean) as never;
      });
      const names = (kind: string, [before, after]: [PlanRecord, PlanRecord]) =>
        compare(before, after)
          .sections.flatMap(({ changes }) => changes)
          .filter((change) => change.kind === kind)
          .map(({ what }) => what)
          .sort();
      const gone = lists.flatMap((list) =>
        record[list].filter(({ name }) => !less[list].some((kept) => kept.name === name)).map(({ name }) => name),
      );
      expect(names("removed", [record, less])).toEqual(gone.sort());
      expect(names("added", [less, record])).toEqual(gone);
    }),
  );
});

test("names and values of a proposal are shown, and never rendered", () => {
  const evil = "x` @team <img src=x> [a](http://b) | *c*";
  const after = changed((now) => {
    now.topics.push({ name: evil, partitions: 1, config: { [evil]: evil } });
    one(now.apps, "loan-consumer").env.EVIL = `${evil}\n## Heading`;
  });
  const text = said(record, after).join("\n");
  expect(text).toContain("- `+` `x' @team");
  expect(text).not.toMatch(/\n## Heading|(?<!\\)<img[^`]*$/);
  expect(text).toContain("\\@team \\<img");
});

test("resources come below, what is deleted first, and no more than a comment takes", () => {
  const resources = Array.from({ length: 3000 }, (_, i) => ({
    operation: i === 2999 ? ("delete" as const) : ("create" as const),
    type: "kubernetes:apps/v1:Deployment",
    name: `app-${i}`,
  }));
  const text = markdown("pr-7", compare(record, record), resources);
  expect(text).toContain("<summary>Resources: 2999 to create, 1 to delete</summary>\n\n- delete `kube");
  expect(text).toContain("- … and 2850 more");
  expect(text.length).toBeLessThan(65_536);
});

test("a preview that is refused says why", () => {
  expect(refusal("staging", [{ file: "a.sql", line: 3, message: "There is no table ```x." }])).toBe(
    "## staging\n\n### ⚠ It cannot be deployed: 1 problem\n\n```\n  a.sql:3: There is no table '''x.\n```\n",
  );
});
