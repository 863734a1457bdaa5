import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { condition, evaluate, type Filter, insert, overBound } from "../../infra/plan/filters";
import { event, flinkColumns, oneFilter, type SampleEvent } from "../fixtures/filters-events";
import { events, filterSources, printFilter } from "../fixtures/filters-generator";
import { truthTable } from "../fixtures/filters-truth-table";
import {
  closeSession,
  type Gateway,
  type GatewaySession,
  openSession,
  runStatement,
  startGateway,
} from "../fixtures/flink-gateway";
import { parseOk, schema } from "../plan/filters/support";
import { outputs } from "./support/stack";

/**
 * The compiled filters on the real Flink against the truth table and against the dry run, every filter on every event.
 */

/** Filters of one query: more would make the planner slow, fewer would start more jobs. */
const filtersPerQuery = 20;

describe("filters on the real Flink", () => {
  let gateway: Gateway;
  let session: GatewaySession;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "millrace-filters-"));
    gateway = await startGateway(outputs().flink);
    session = await openSession(gateway.url, {
      "execution.runtime-mode": "streaming",
      "parallelism.default": "1",
    });
  });
  afterAll(async () => {
    await closeSession(session);
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });

  /** Makes the events a table. */
  async function load(table: string, samples: readonly SampleEvent[]): Promise<void> {
    const file = join(folder, `${table}.json`);
    writeFileSync(file, samples.map((sample, n) => `${JSON.stringify({ n, ...sample })}\n`).join(""));
    const options = `'connector' = 'filesystem', 'path' = 'file://${file}', 'format' = 'json'`;
    await runStatement(
      session,
      `CREATE TEMPORARY TABLE \`${table}\` (\`n\` INT, ${flinkColumns.join(", ")}) WITH (${options})`,
    );
  }

  /** Numbers of the events that each condition lets pass. */
  async function passing(table: string, conditions: readonly string[]): Promise<Set<number>[]> {
    const found = conditions.map(() => new Set<number>());
    for (let at = 0; at < conditions.length; at += filtersPerQuery) {
      const chunk = conditions.slice(at, at + filtersPerQuery);
      const queries = chunk.map((where, index) => `SELECT \`n\`, ${at + index} FROM \`${table}\` WHERE ${where}`);
      for (const [n, filter] of (await runStatement(session, queries.join("\nUNION ALL\n"))) as [number, number][]) {
        (found[filter] as Set<number>).add(n);
      }
    }
    return found;
  }

  /** Every filter on every event: where Flink and the dry run differ. */
  async function differences(
    table: string,
    filters: readonly Filter[],
    samples: readonly SampleEvent[],
    yaml: readonly string[],
  ) {
    await load(table, samples);
    const found = await passing(table, filters.map(condition));
    return filters.flatMap((filter, index) =>
      samples.flatMap((sample, n) => {
        const flink = (found[index] as Set<number>).has(n);
        return flink === evaluate(filter, sample).holds
          ? []
          : [{ yaml: yaml[index], event: JSON.stringify(sample), flink }];
      }),
    );
  }

  test("gives the answers of the truth table, and those of the dry run on all its pairs", async () => {
    const yaml = [...new Set(truthTable.map((row) => row.yaml))];
    const samples = [...new Map(truthTable.map((row) => [JSON.stringify(row.event), row.event])).values()];
    expect(
      await differences(
        "truth",
        yaml.map((text) => parseOk(text)),
        samples,
        yaml,
      ),
    ).toEqual([]);
    // The dry run gives what the table expects: tests/plan/filters/truth-table.test.ts. Here, that it was asked the same.
    for (const row of truthTable) expect(evaluate(parseOk(row.yaml), row.event).holds).toBe(row.expected);
  }, 600_000);

  const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 1_000_000);
  test(`agrees with the dry run on generated filters and events, MILLRACE_TEST_SEED=${seed}`, async () => {
    const count = Number(process.env.MILLRACE_TEST_FILTERS ?? 40);
    const yaml = fc.sample(filterSources, { numRuns: count, seed }).map((source) => printFilter(source));
    const samples = fc.sample(events, { numRuns: 300, seed });
    // A smaller bound, for a plan in a third of the time; some events are still beyond it.
    const bounded = JSON.parse(JSON.stringify(schema).replace('"maxItems":8', '"maxItems":3'));
    const filters = yaml.map((text) => parseOk(text, bounded));
    expect(await differences("generated", filters, samples, yaml)).toEqual([]);
    const passed = filters.map((filter) => samples.filter((sample) => evaluate(filter, sample).holds).length);
    expect(passed.filter((number) => number > 0 && number < samples.length).length).toBeGreaterThan(count / 4);
  }, 600_000);

  test("finds the events beyond the bound, which no filter lets pass", async () => {
    const samples = [0, 7, 8, 9, 20].map((length) =>
      event({ entities: Array.from({ length }, () => ({ entityType: "Loan", entityId: "1", updatedAttributes: {} })) }),
    );
    await load("bounded", samples);
    expect(await passing("bounded", [overBound(schema), `NOT ${overBound(schema)}`])).toEqual([
      new Set([3, 4]),
      new Set([0, 1, 2]),
    ]);
  }, 120_000);

  test.each(["UTC", "Asia/Kolkata", "America/New_York"])(
    "says which filter let an event pass, and when, in time zone %s",
    async (zone) => {
      const table = `zone ${zone.replace("/", " ")}`;
      await load(table, [event({})]);
      await runStatement(session, `SET 'table.local-time-zone' = '${zone}'`);
      const filter = parseOk(oneFilter("{ field: eventHeader.eventName, operator: equals, value: LoanCreated }"));
      const sql = insert(filter, { from: table, into: "unused", columns: ["eventBody"], key: "`eventHeader`.`uuid`" });
      const before = Date.now();
      const [row] = await runStatement(session, sql.slice(sql.indexOf("SELECT")));
      const [, metadata, key] = row as unknown[];
      const [filterId, consumerId, filteredAt] = Object.values(metadata as object);
      expect([filterId, consumerId, key]).toEqual(["sample", "consumer", "u-1"]);
      expect(filteredAt).toBeGreaterThanOrEqual(before);
      expect(filteredAt).toBeLessThanOrEqual(Date.now());
    },
    120_000,
  );
});
