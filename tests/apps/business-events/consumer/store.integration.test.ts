import { Pool } from "pg";
import { storeBatch } from "../../../../apps/business-events/consumer/batch";
import { toRow } from "../../../../apps/business-events/consumer/events";
import { storeRows } from "../../../../apps/business-events/consumer/store";
import { isDataError, isOutside } from "../../../../apps/lib/errors";
import { createPool } from "../../../../apps/lib/postgres";
import { untilItWorks } from "../../../../apps/lib/retry";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../../support/postgres";
import { testLog } from "../../support";
import { sampleEvent, sampleMessage, sampleUuid } from "./support";

let postgres: TestPostgres;
let database: FreshDatabase;
let pool: Pool;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.start();
  database = await postgres.freshDatabase("consumers");
  pool = createPool("test", { POSTGRES_URL: database.url }, testLog().log, 4);
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

const rows = (...numbers: number[]) => numbers.map((number) => toRow(sampleEvent(number)));
const stored = async (table = "loan_events") =>
  (await pool.query(`SELECT * FROM ${table} ORDER BY uuid`)).rows as Record<string, unknown>[];

test("a row holds the event, times to the millisecond", async () => {
  expect(await storeRows(pool, "loan_events", rows(1))).toBe(1);
  const [row] = await stored();
  expect(row).toEqual({
    ...toRow(sampleEvent(1)),
    entities: sampleEvent(1).eventBody.entities,
    created_at: new Date(1_764_000_000_124),
    captured_at: new Date(1_764_000_000_456),
    filtered_at: new Date(1_764_000_000_789),
    received_at: expect.any(Date),
  });
  const { rows: exact } = await pool.query("SELECT extract(epoch FROM created_at)::text AS epoch FROM loan_events");
  expect(exact[0].epoch).toBe("1764000000.124000");
});

test("a replay changes nothing, not even when it was first received; what is new is counted", async () => {
  await storeRows(pool, "loan_events", rows(1, 2));
  const before = await stored();
  const changed = { ...rows(2)[0], event_name: "Other" } as ReturnType<typeof toRow>;
  expect(await storeRows(pool, "loan_events", [...rows(1), changed, ...rows(3)])).toBe(1);
  expect((await stored()).slice(0, 2)).toEqual(before);
});

test("an event that stands twice in one batch is one row", async () => {
  expect(await storeRows(pool, "loan_events", rows(1, 2, 1, 2))).toBe(2);
  expect(await stored()).toHaveLength(2);
});

test("values are data, never SQL; a table's name is a name", async () => {
  const nasty = `'; DROP TABLE loan_events; -- " \\ {NULL} , $1 \n\t 😀`;
  const event = sampleEvent(1, { [nasty]: nasty });
  await storeRows(pool, "loan_events", [toRow({ ...event, eventHeader: { ...event.eventHeader, eventName: nasty } })]);
  const [row] = await stored();
  expect(row?.event_name).toBe(nasty);
  expect(row?.entities).toMatchObject([{ updatedAttributes: { [nasty]: nasty } }]);
  await expect(storeRows(pool, 'x" (uuid) VALUES (1); --', rows(2))).rejects.toMatchObject({ code: "42P01" });
});

test("a batch is stored whole or not at all", async () => {
  const bad = toRow(sampleEvent(2, { name: "a\0b" }));
  const failed = await storeRows(pool, "loan_events", [...rows(1), bad, ...rows(3)]).catch((error: unknown) => error);
  expect(isDataError(failed)).toBe(true);
  expect(await stored()).toEqual([]);
});

test("what Postgres refuses goes to the dead letter, alone: NUL, a time out of range, a key too long for its index", async () => {
  const events = new Map<number, unknown>([
    [2, sampleEvent(2, { name: "a\0b" })],
    [4, { ...sampleEvent(4), filterMetadata: { filterId: "a\0b", consumerId: "c", filteredAt: 1 } }],
    [5, { ...sampleEvent(5), filterMetadata: { filterId: "f", consumerId: "c", filteredAt: -(2 ** 52) } }],
    [7, withEntityId(7, Array.from({ length: 3000 }, (_, i) => i.toString(36)).join(""))],
  ]);
  const rejected: string[] = [];
  const messages = Array.from({ length: 10 }, (_, offset) => sampleMessage(offset));
  const result = await storeBatch(messages, {
    decode: async (value) => events.get(Number(value)) ?? sampleEvent(Number(value)),
    store: (part) => storeRows(pool, "loan_events", part),
    reject: async ({ offset }, reason) => void rejected.push(`${offset} ${reason}`),
  });
  expect(rejected).toEqual([
    expect.stringMatching(/^2 Postgres refuses it: unsupported Unicode escape sequence/),
    expect.stringMatching(/^4 Postgres refuses it: invalid byte sequence/),
    expect.stringMatching(/^5 Postgres refuses it: timestamp out of range/),
    expect.stringMatching(/^7 Postgres refuses it: index row size/),
  ]);
  expect([result.inserted, result.rejected]).toEqual([6, 4]);
  expect((await stored()).map(({ uuid }) => uuid)).toEqual([0, 1, 3, 6, 8, 9].map(sampleUuid));
});

function withEntityId(number: number, entityId: string) {
  const event = sampleEvent(number);
  return { ...event, eventBody: { entities: [{ ...event.eventBody.entities[0], entityId }] } };
}

test("while Postgres is down nothing is rejected, and it goes on when it is back", async () => {
  await storeRows(pool, "loan_events", rows(1));
  await postgres.crash();
  const { log, lines } = testLog();
  const failed = await storeRows(pool, "loan_events", rows(2)).catch((error: unknown) => error);
  expect([isOutside(failed), isDataError(failed)]).toEqual([true, false]);
  const storing = untilItWorks(() => storeRows(pool, "loan_events", rows(2)), { log, what: "store rows" });
  await postgres.start();
  expect(await storing).toBe(1);
  expect(await stored()).toHaveLength(2);
  expect(lines.filter(({ level }) => level === "error")).toEqual([]);
}, 60_000);

test("a missing table or right is no fault of the rows", async () => {
  await pool.query("CREATE ROLE reader LOGIN");
  const reader = new Pool({ connectionString: database.url.replace("postgres@", "reader@"), max: 1 });
  try {
    const missing = await storeRows(pool, "no_such_table", rows(1)).catch((error: unknown) => error);
    const forbidden = await storeRows(reader, "loan_events", rows(1)).catch((error: unknown) => error);
    expect([missing, forbidden].map(isOutside)).toEqual([true, true]);
    expect([missing, forbidden].map(isDataError)).toEqual([false, false]);
  } finally {
    await reader.end();
    await pool.query("DROP ROLE reader");
  }
});
