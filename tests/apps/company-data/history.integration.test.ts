import fc from "fast-check";
import type { Pool } from "pg";
import type { ChangeEvent } from "../../../apps/company-data/change";
import { storeBatch } from "../../../apps/company-data/company-consumer/batch";
import { storeChanges } from "../../../apps/company-data/company-consumer/store";
import { isDataError } from "../../../apps/lib/errors";
import { createPool } from "../../../apps/lib/postgres";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../support/postgres";
import { testLog } from "../support";
import { type Sheet, sheets } from "./files";
import { company, eventsOf, rowsByKey, sheetByKey, timeOf } from "./versions";

let postgres: TestPostgres;
let database: FreshDatabase;
let pool: Pool;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.freshDatabase("company_data");
  pool = createPool("test", { POSTGRES_URL: database.url }, testLog().log, 4);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await database.drop();
  await postgres.stop();
});
beforeEach(() => pool.query("TRUNCATE cdc_events, company_data"));

const asOf = async (time: string, table = "customers") => {
  const { rows } = await pool.query("SELECT row_key, data FROM company_data_as_of($1, $2, $3)", [company, table, time]);
  return rowsByKey(rows.map(({ row_key, data }) => [row_key, data] as const));
};

/** Every version, made again from nothing but the changes. */
async function replayed(): Promise<object[]> {
  const { rows } = await pool.query("SELECT version, row_key, after FROM cdc_events ORDER BY version, row_key");
  const state = new Map<string, object>();
  const versions: object[] = [];
  for (const { version, row_key, after } of rows) {
    while (versions.length < version - 1) versions.push(rowsByKey(state));
    if (after === null) state.delete(row_key);
    else state.set(row_key, after);
  }
  return [...versions, rowsByKey(state)];
}

test("as of each upload is the file of that time, and the changes alone make each file again, in whatever order they come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sheets, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.nat(1000)),
      async (sequence, dice) => {
        await pool.query("TRUNCATE cdc_events, company_data");
        const versions = await eventsOf(sequence);
        const inOrder = (dice.next().value as number) % 2 === 0;
        const all = versions.flat();
        // At least once: some come again.
        const sent = [...all, ...all.filter(() => (dice.next().value as number) < 200)];
        const places = new Map(sent.map((_, i) => [i, inOrder ? i : (dice.next().value as number)]));
        const shuffled = sent
          .map((event, i) => ({ event, i }))
          .sort((a, b) => (places.get(a.i) ?? 0) - (places.get(b.i) ?? 0) || a.i - b.i);
        let inserted = 0;
        for (let from = 0; from < shuffled.length; ) {
          const size = 1 + ((dice.next().value as number) % 7);
          const batch = shuffled.slice(from, from + size).map(({ event }) => event);
          inserted += (await storeChanges(pool, batch)).inserted;
          from += size;
        }
        expect(inserted).toBe(all.length);
        for (const [index, sheet] of sequence.entries()) {
          expect(await asOf(timeOf(index))).toEqual(sheetByKey(sheet));
          expect(await asOf(new Date(Date.parse(timeOf(index)) - 1).toISOString())).toEqual(
            sheetByKey(sequence[index - 1]),
          );
        }
        const again = await replayed();
        // A version without changes has none to tell of it.
        for (const [index, state] of again.entries())
          if (all.length > 0) expect(state).toEqual(sheetByKey(sequence[index]));
        expect(await asOf("infinity")).toEqual({});
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

const one = (id: string, a: string | null): Sheet => ({ columns: ["id", "a"], rows: [{ id, a }] });

test("there are no overlaps: the table refuses them", async () => {
  const [events] = await eventsOf([one("1", "x")]);
  await storeChanges(pool, events as ChangeEvent[]);
  const overlap = pool.query(
    "INSERT INTO company_data SELECT company_id, table_name, row_key, data, version, valid_from + '1 day', valid_to FROM company_data",
  );
  await expect(overlap).rejects.toMatchObject({ constraint: "company_data_no_overlap" });
});

test("as of a time is one query with an index", async () => {
  await pool.query(
    `INSERT INTO company_data
     SELECT 'acme', tbl, key::text, '{}', n, at, at + interval '1 day'
     FROM unnest(ARRAY['a', 'b', 'c']) tbl, generate_series(1, 20) key, generate_series(1, 100) n, LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 day' AS at)`,
  );
  await pool.query("ANALYZE company_data");
  const { rows } = await pool.query("EXPLAIN SELECT * FROM company_data_as_of('acme', 'b', '2026-02-01 12:00Z')");
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(plan).toContain("company_data_no_overlap");
  expect(plan).toMatch(/Index Cond: .*table_name = 'b'.*tstzrange\(valid_from, valid_to\) @>/);
});

test("changes of one kind to one row within a second are numbered, whenever they are asked for", async () => {
  const versions = await eventsOf(["a", "b", "c", "d"].map((value) => one("1", value)));
  const events = versions.flat();
  expect(events.map(({ operation }) => operation)).toEqual(["insert", "update", "update", "update"]);
  const { stored } = await storeChanges(pool, events);
  // 0.0 s insert; updates at 0.4, 0.8 and 1.2 s.
  expect(stored.map(({ nth }) => nth)).toEqual([1, 1, 2, 1]);
  const again = await storeChanges(pool, [events[2] as ChangeEvent]);
  expect([again.inserted, again.stored[0]?.nth]).toEqual([0, 2]);
});

test("what cannot be read, and what Postgres refuses, goes to the dead letter, alone", async () => {
  const [good] = (await eventsOf([one("1", "x")])).flat() as [ChangeEvent];
  const [other] = (await eventsOf([one("1", "y")])).flat() as [ChangeEvent];
  const values = [
    "",
    "no json",
    JSON.stringify({ ...good, before: { id: "1" } }),
    JSON.stringify({ ...good, company_id: "../../etc" }),
    JSON.stringify({ ...good, event_id: "123e4567-e89b-42d3-a456-426614174000", row_key: "2", after: { id: "a\0b" } }),
    // The same row, the same moment, and something else happened.
    JSON.stringify(other),
    JSON.stringify(good),
  ];
  const rejected: string[] = [];
  const result = await storeBatch(
    values.map((value, i) => ({
      key: null,
      value: Buffer.from(value),
      timestamp: "0",
      attributes: 0,
      offset: String(i),
      headers: {},
    })) as never,
    {
      store: (events) => storeChanges(pool, events),
      reject: async ({ offset }, reason) => void rejected.push(`${offset} ${reason}`),
    },
  );
  expect(result.inserted).toBe(1);
  expect(rejected).toEqual([
    expect.stringMatching(/^0 it is not JSON/),
    expect.stringMatching(/^1 it is not JSON/),
    expect.stringMatching(/^2 it is no change: an insert has no row before/),
    expect.stringMatching(/^3 it is no change: company_id: /),
    expect.stringMatching(/^4 Postgres refuses it: unsupported Unicode escape/),
    expect.stringMatching(/^6 Postgres refuses it: duplicate key value violates unique constraint "cdc_events_once"/),
  ]);
  expect(isDataError({ code: "23505" })).toBe(true);
});

test("made again from the changes, the history is the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sheets, { minLength: 1, maxLength: 4 }), async (sequence) => {
      await pool.query("TRUNCATE cdc_events, company_data");
      await storeChanges(pool, (await eventsOf(sequence)).flat());
      const all = async () => (await pool.query("SELECT * FROM company_data ORDER BY row_key, valid_from")).rows;
      const before = await all();
      await pool.query("SELECT company_data_rebuild()");
      expect(await all()).toEqual(before);
    }),
    { numRuns: 8 },
  );
}, 60_000);
