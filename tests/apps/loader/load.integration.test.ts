import { Pool } from "pg";
import type { KafkaMessage } from "../../../apps/lib/kafka";
import { loadBatch } from "../../../apps/loader/batch";
import { decodeJson } from "../../../apps/loader/decode";
import { load, type Place, positionOf } from "../../../apps/loader/load";
import { readTarget, type Target } from "../../../apps/loader/target";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../support/postgres";

let postgres: TestPostgres;
let database: FreshDatabase;
let pool: Pool;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.start();
  database = await postgres.freshDatabase("upi");
  pool = new Pool({ connectionString: database.url, max: 4 });
  // Of connections that a test breaks.
  pool.on("error", () => undefined);
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

const origin = { topic: "payments", partition: 1 };
const place: Place = { loader: "loader", ...origin, offsets: "loader_offsets" };
const payment = (id: string, more: object = {}) => ({
  txn_id: id,
  event_time: "2026-11-20 12:00:00.123Z",
  payer: "a\tb\\n\nc@ybl",
  payee: "café🙂@ybl",
  amount: "12.30",
  status: "SUCCESS",
  ...more,
});
const message = (offset: number, value: unknown): KafkaMessage =>
  ({
    offset: String(offset),
    timestamp: "1764000000123",
    key: Buffer.from("k"),
    value: Buffer.isBuffer(value) || value === null ? value : Buffer.from(JSON.stringify(value)),
    headers: {},
  }) as unknown as KafkaMessage;
const fields = ["txn_id", "event_time", "payer", "payee", "amount", "status", "timestamp", "unknown"];
const clean = () => readTarget(pool, "clean_upi_transactions", fields);
const raw = () => readTarget(pool, "raw_upi_transactions", ["txn_id", "timestamp"]);

const rejected: string[] = [];
beforeEach(() => rejected.splice(0));
const take = (target: Target, messages: KafkaMessage[], at: Place = place) =>
  loadBatch(messages, {
    target,
    origin,
    decode: decodeJson,
    load: (entries, next) => load(pool, target, at, entries, next),
    reject: async ({ offset }, reason) => void rejected.push(`${offset}: ${reason}`),
  });
const rows = async (table = "clean_upi_transactions") =>
  (await pool.query(`SELECT * FROM ${table} ORDER BY txn_id`)).rows as Record<string, unknown>[];

test("a field goes to the column of its name as it is, whatever characters it has; what a record lacks is null", async () => {
  expect(await take(await clean(), [message(0, payment("1"))])).toEqual({ loaded: 1, rejected: 0 });
  expect((await rows())[0]).toMatchObject({
    txn_id: "1",
    event_time: new Date("2026-11-20T12:00:00.123Z"),
    payer: "a\tb\\n\nc@ybl",
    payee: "café🙂@ybl",
    amount: "12.30",
    bank: null,
    loaded_at: expect.any(Date),
  });
});

test("records are loaded once, however often they come, in whatever batches", async () => {
  const target = await raw();
  const messages = [0, 1, 2, 3, 4].map((offset) => message(offset, { txn_id: `t${offset}`, timestamp: "x" }));
  expect(await take(target, messages.slice(0, 3))).toMatchObject({ loaded: 3 });
  expect(await positionOf(pool, place)).toBe("3");
  expect(await take(target, messages)).toMatchObject({ loaded: 2 });
  // Whoever else believes to have the partition, at the same time.
  const more = [5, 6, 7].map((offset) => message(offset, { txn_id: `t${offset}` }));
  const both = await Promise.all([take(target, more), take(target, more)]);
  expect(both.map(({ loaded }) => loaded).sort()).toEqual([0, 3]);
  expect((await rows("raw_upi_transactions")).map(({ record_offset }) => record_offset)).toEqual([..."01234567"]);
  // Another loader has a place of its own.
  expect(await positionOf(pool, { ...place, loader: "other" })).toBe("0");
});

test("with a primary key the newest record of a key is its row, also within one batch; the same again touches nothing", async () => {
  const target = await clean();
  const pending = payment("1", { status: "PENDING" });
  await take(target, [message(0, pending), message(1, payment("2")), message(2, payment("1"))]);
  const before = await rows();
  expect(before.map(({ txn_id, status }) => [txn_id, status])).toEqual([
    ["1", "SUCCESS"],
    ["2", "SUCCESS"],
  ]);
  await take(target, [message(3, payment("1")), message(4, payment("2", { status: "FAILED" }))]);
  const after = await rows();
  expect(after[0]).toEqual(before[0]);
  expect(after[1]).toMatchObject({ status: "FAILED" });
  expect((after[1]?.loaded_at as Date) > (before[1]?.loaded_at as Date)).toBe(true);
});

test("what cannot be used goes to the dead letter alone, and the rest is loaded, in order", async () => {
  const messages = [
    message(0, payment("0")),
    message(1, Buffer.from("{")),
    message(2, payment("2", { amount: "-1.00" })),
    message(3, payment("3", { payer: null })),
    message(4, payment("4", { payer: "a\0b" })),
    message(5, payment("5")),
    message(6, payment("6", { event_time: "yesterday's" })),
  ];
  expect(await take(await clean(), messages)).toEqual({ loaded: 2, rejected: 5 });
  expect((await rows()).map(({ txn_id }) => txn_id)).toEqual(["0", "5"]);
  expect(rejected.sort()).toEqual([
    expect.stringMatching(/^1: it is no JSON: /),
    expect.stringMatching(/^2: Postgres refuses it: .*amount_check/),
    expect.stringMatching(/^3: Postgres refuses it: null value in column "payer"/),
    "4: payer: a text with U+0000, which Postgres does not take",
    expect.stringMatching(/^6: Postgres refuses it: invalid input syntax/),
  ]);
  expect(await positionOf(pool, place)).toBe("7");
});

test("a table with the record itself takes also what cannot be read, bytes unchanged", async () => {
  const garbage = Buffer.from([0xff, 0x00, 0x5c, 0x0a]);
  const good = Buffer.from('{ "txn_id": "1" }');
  const result = await take(await raw(), [message(0, garbage), message(1, good), message(2, null)]);
  expect({ ...result, reasons: rejected }).toEqual({ loaded: 3, rejected: 0, reasons: [] });
  const stored = (await rows("raw_upi_transactions")).sort((a, b) => Number(a.record_offset) - Number(b.record_offset));
  expect(stored.map(({ txn_id, record_value }) => [txn_id, record_value])).toEqual([
    [null, garbage],
    ["1", good],
    [null, null],
  ]);
  expect(stored[0]).toMatchObject({ record_partition: 1, record_timestamp: new Date(1_764_000_000_123) });
});

test("when Postgres is killed in the midst, it is all or nothing, and again gives each record once", async () => {
  const target = await clean();
  const messages = Array.from({ length: 20_000 }, (_, i) => message(i, payment(`p${i}`)));
  const loading = take(target, messages).then(
    () => "loaded",
    () => "failed",
  );
  await postgres.crash();
  await loading;
  await postgres.start();
  const position = Number(await positionOf(pool, place));
  expect([0, 20_000]).toContain(position);
  const count = async () => Number((await pool.query("SELECT count(*) FROM clean_upi_transactions")).rows[0].count);
  expect(await count()).toBe(position);
  await take(target, messages);
  expect(await count()).toBe(20_000);
});

test("a table that is not there yet, or whose key no field is for, is waited for", async () => {
  await expect(readTarget(pool, "nothing", fields)).rejects.toMatchObject({ canRetry: true });
  await expect(readTarget(pool, "clean_upi_transactions", ["payer"])).rejects.toThrow("txn_id, event_time");
});
