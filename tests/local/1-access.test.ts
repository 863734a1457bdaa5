import { readFileSync } from "node:fs";
import { readConfig, valuesOf } from "../../infra/config";
import { connectGrants, connectPrincipal } from "../../infra/local/connect";
import type { Plan, PrincipalPlan } from "../../infra/plan/types";
import { planFor } from "../../infra/program";
import { type Answer, tryTables, tryTopics } from "./support/rights";
import { configFile, query, stackName } from "./support/stack";

/** Everyone tries everything with his own credentials; he gets what the graph says, and nothing beyond it. */
let plan: Plan;
let everyone: readonly PrincipalPlan[];
beforeAll(async () => {
  const text = readFileSync(configFile, "utf8");
  plan = await planFor(stackName, readConfig(valuesOf(text), configFile, text));
  everyone = [...plan.principals, { name: connectPrincipal, kafka: connectGrants, postgres: [], replication: false }];
});

const answerOf = (isAllowed: boolean): Answer => (isAllowed ? "allowed" : "refused");

test("topics: each user reads and writes what it declares", async () => {
  const topics = [...new Set([...plan.topics.map(({ name }) => name), ...connectGrants.flatMap(topicOf)])];
  const users = everyone.filter(({ kafka }) => kafka.length > 0);
  const wanted = new Map<string, Answer>();
  const found = new Map<string, Answer>();
  for (const { name, kafka } of users) {
    const may = (topic: string, operation: "Read" | "Write") =>
      kafka.some((grant) => topicOf(grant).includes(topic) && grant.operations.includes(operation));
    for (const topic of topics) {
      wanted.set(`${name} reads ${topic}`, answerOf(may(topic, "Read")));
      wanted.set(`${name} writes ${topic}`, answerOf(may(topic, "Write")));
    }
    for (const [attempt, answer] of await tryTopics(name, topics)) found.set(attempt, answer);
  }
  expect(found).toEqual(wanted);
  const allowed = [...found.values()].filter((answer) => answer === "allowed").length;
  expect(allowed).toBeGreaterThan(users.length);
  expect(found.size).toBeGreaterThan(5 * allowed);
});

const topicOf = ({ resource, name }: PrincipalPlan["kafka"][number]) => (resource === "topic" ? [name] : []);

test("tables: each role selects, inserts, updates and deletes what it declares", async () => {
  const tables = plan.databases.flatMap(({ name: database, tables }) =>
    tables.map(({ name: table, columns }) => ({ database, table, column: columns[0]?.name ?? "" })),
  );
  const roles = everyone.filter(({ postgres }) => postgres.length > 0);
  const wanted = new Map<string, Answer>();
  const found = new Map<string, Answer>();
  for (const { name, postgres } of roles) {
    for (const { database, table } of tables)
      for (const privilege of ["SELECT", "INSERT", "UPDATE", "DELETE"] as const) {
        const may = postgres.some(
          (grant) =>
            grant.database === database && [table, "*"].includes(grant.table) && grant.privileges.includes(privilege),
        );
        wanted.set(`${name} ${privilege} ${database}.${table}`, answerOf(may));
      }
    for (const [attempt, answer] of await tryTables(name, tables)) found.set(attempt, answer);
  }
  expect(found).toEqual(wanted);
  expect([...found.values()]).toEqual(expect.arrayContaining(["allowed", "refused"]));
});

test("only captures may replicate, and nobody but the administrator is more than a user", async () => {
  const powers = await query<{ rolname: string; rolreplication: boolean }>(
    "postgres",
    "SELECT rolname, rolreplication FROM pg_roles WHERE rolcanlogin AND NOT rolsuper ORDER BY rolname",
  );
  const replicating = powers.filter((role) => role.rolreplication).map(({ rolname }) => rolname);
  expect(replicating).toEqual(plan.principals.filter((one) => one.replication).map(({ name }) => name));
  const grand = await query<{ rolname: string }>(
    "postgres",
    "SELECT rolname FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)",
  );
  expect(grand.map(({ rolname }) => rolname)).toEqual(["postgres"]);
});
