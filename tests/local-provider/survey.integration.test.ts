import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { survey } from "../../infra/local/survey";
import type { Compatibility } from "../../infra/model";
import { formatProblem } from "../../infra/plan/problems";
import type { MigrationFile, Plan, SubjectPlan } from "../../infra/plan/types";

/** What only the world knows, told at once: a registry that answers as we say, on a port that a stack would like to have. */
const root = mkdtempSync(join(tmpdir(), "millrace-survey-"));
let registry: Server;
let portBase: number;
const versions = new Map<string, string[]>();

beforeAll(async () => {
  registry = createServer(({ url = "" }, response) => {
    const [, subject = "", version] = /subjects\/(.+)\/versions(?:\/(.+))?$/.exec(url) ?? [];
    const known = versions.get(subject);
    if (!known) return response.writeHead(404).end("{}");
    const schema = version === "latest" ? known.at(-1) : known[Number(version) - 1];
    return response.end(JSON.stringify(version ? { schema } : known.map((_, index) => index + 1)));
  });
  await new Promise<void>((listening) => registry.listen(0, "127.0.0.1", listening));
  portBase = (registry.address() as AddressInfo).port - 81;
});
beforeEach(() => versions.clear());
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await new Promise((closed) => registry.close(closed));
});

const record = (...fields: object[]) => JSON.stringify({ type: "record", name: "Order", fields });
const id = { name: "id", type: "string" };
const note = (type: string) => ({ name: "note", type, default: type === "int" ? 0 : "" });
const subject = (schema: string, compatibility: Compatibility): SubjectPlan => ({
  name: "orders-value",
  schemaType: "AVRO",
  schema,
  compatibility,
  file: "schemas/shop/order.avsc",
});
const migration = (number: number, sha256: string): MigrationFile => ({
  number,
  file: `migrations/shop/000${number}_step.sql`,
  sql: "",
  sha256,
});
const plan = (parts: Partial<Plan>): Plan => ({
  pipelines: [],
  topics: [],
  subjects: [],
  databases: [],
  lakes: [],
  captures: [],
  jobs: [],
  apps: [],
  principals: [],
  ...parts,
});
const shop = (...migrations: MigrationFile[]) => ({ name: "shop", upstream: false, migrations, tables: [] });
const elsewhere = 1100;

test("mistakes of every kind are told at once, each with its place, what was given and what is allowed", async () => {
  const mistaken = plan({
    topics: [{ name: "orders", partitions: 3, config: {} }],
    subjects: [subject(record(id, { name: "amount", type: "int" }), "BACKWARD")],
    databases: [shop(migration(1, "b".repeat(64)))],
  });
  const deployed = new Map<string, unknown>([
    ["Topic orders", { name: "orders", partitions: 6 }],
    ["Subject orders-value", subject(record(id), "BACKWARD")],
    ["Migration shop", { database: "shop", files: [migration(1, "a".repeat(64))] }],
  ]);
  const problems = await survey(mistaken, root, portBase, deployed);
  expect(problems.map(({ file, path, given, allowed }) => ({ file, path, given, allowed }))).toEqual([
    { path: "topic orders › partitions", given: 3, allowed: "6 or more" },
    {
      file: "migrations/shop/0001_step.sql",
      path: "database shop › files",
      given: "sha256 bbbbbbbbbbbb…",
      allowed: "sha256 aaaaaaaaaaaa…, as it was applied",
    },
    {
      file: "schemas/shop/order.avsc",
      path: "subject orders-value › schema",
      given: "amount",
      allowed: expect.stringContaining("a new field has a default"),
    },
    { path: "processes › spec.ports", given: portBase + 81, allowed: "a port that nobody listens on" },
  ]);
  for (const problem of problems) expect(formatProblem(problem)).toMatch(/\n {6}fix {6}\S/);
  expect(problems.at(-1)?.message).toContain(`of registry is in use by process ${process.pid}`);
});

test("a plan that changes nothing for the worse is right, as is the first one of a stack", async () => {
  const right = plan({ topics: [{ name: "orders", partitions: 6, config: {} }], databases: [shop(migration(1, "a"))] });
  expect(await survey(right, root, elsewhere, new Map())).toEqual([]);
  const deployed = new Map<string, unknown>([["Topic orders", { name: "orders", partitions: 6 }]]);
  expect(await survey(right, root, elsewhere, deployed)).toEqual([]);
});

test.each<[level: Compatibility, places: string[]]>([
  ["BACKWARD", []],
  ["BACKWARD_TRANSITIVE", ["note"]],
])("%s: a schema is held against the versions that the registry would compare", async (level, places) => {
  // The first had a text where the new one has a number; the second, which the state does not know, had none of it.
  versions.set("orders-value", [record(id, note("string")), record(id)]);
  const deployed = new Map<string, unknown>([["Subject orders-value", subject(record(id, note("string")), level)]]);
  const next = plan({ subjects: [subject(record(id, note("int")), level)] });
  const problems = (await survey(next, root, portBase, deployed)).filter(({ path }) => path?.startsWith("subject"));
  expect(problems.map(({ given }) => given)).toEqual(places);
});
