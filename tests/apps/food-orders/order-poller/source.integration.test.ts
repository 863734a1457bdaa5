import { Pool } from "pg";
import { look } from "../../../../apps/food-orders/order-poller/look";
import { nothingYet, type Row } from "../../../../apps/food-orders/order-poller/progress";
import type { Settings } from "../../../../apps/food-orders/order-poller/settings";
import { openSource } from "../../../../apps/food-orders/order-poller/source";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../../support/postgres";

let postgres: TestPostgres;
let database: FreshDatabase;
let pool: Pool;

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  database = await postgres.freshDatabase("food");
  pool = new Pool({ connectionString: database.url, max: 4 });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

const settings: Settings = {
  cursor: { time: "created_at", key: "order_id" },
  pollInterval: 5000,
  batchRows: 1000,
  overlap: 60_000,
  retry: { first: 10, longest: 100 },
};

/** A poller that keeps what it publishes. */
async function poller(more: Partial<Settings> = {}) {
  const its = { ...settings, ...more };
  const source = await openSource(pool, "food_orders", its, (now) => now - its.overlap * 1000);
  const published: Row[] = [];
  let progress = nothingYet();
  return {
    published,
    source,
    look: async () => {
      progress = await look(progress, {
        read: source.read,
        publish: async (rows) => void published.push(...rows),
        save: async () => undefined,
        signal: new AbortController().signal,
      });
    },
  };
}
const ids = (rows: readonly Row[]) => rows.map(({ key }) => Number(key));

test("a row is JSON, exact to the last digit, and its time has microseconds", async () => {
  await pool.query(
    `INSERT INTO food_orders VALUES (9007199254740993, 'Ann "A" \\ O''Neil', 'Café', NULL, 1234567890.10, '', '2026-11-21 15:30:00.123456+05:30')`,
  );
  const { look, published, source } = await poller();
  await look();
  expect(published).toHaveLength(1);
  expect(published[0]).toMatchObject({ key: "9007199254740993", time: "2026-11-21T10:00:00.123456Z" });
  expect(published[0]?.value).toContain('"order_id" : 9007199254740993,');
  expect(JSON.parse(published[0]?.value ?? "")).toEqual({
    order_id: Number("9007199254740993"),
    customer_name: 'Ann "A" \\ O\'Neil',
    restaurant_name: "Café",
    item: null,
    amount: "1234567890.10",
    order_status: "",
    created_at: "2026-11-21T10:00:00.123456Z",
  });
  expect(source.warnings).toEqual([]);
});

test("100 000 rows of one single time are each read once", async () => {
  await pool.query(
    "INSERT INTO food_orders (created_at) SELECT '2026-01-01T00:00:00.000001Z' FROM generate_series(1, 100000)",
  );
  const { look, published } = await poller();
  await look();
  await look();
  expect(ids(published)).toEqual(Array.from({ length: 100_000 }, (_, i) => i + 1));
}, 30_000);

test("a transaction that commits late, behind rows that were published, is not missed", async () => {
  const slow = await pool.connect();
  await slow.query("BEGIN");
  await slow.query("INSERT INTO food_orders (order_id) VALUES (1)");
  await pool.query("INSERT INTO food_orders (order_id) VALUES (2)");
  const { look, published } = await poller();
  await look();
  expect(ids(published)).toEqual([2]);
  await slow.query("COMMIT");
  slow.release();
  await look();
  await look();
  expect(ids(published)).toEqual([2, 1]);
});

test("times that are no dates stand at the ends, and are read once", async () => {
  await pool.query(
    "INSERT INTO food_orders (created_at) VALUES ('infinity'), ('-infinity'), (now()), ('2999-01-01Z'), ('0001-01-01Z')",
  );
  const { look, published } = await poller({ batchRows: 2 });
  await look();
  await look();
  expect(ids(published)).toEqual([2, 5, 3, 4, 1]);
  expect(published.map(({ time }) => time).sort()).toEqual(
    ["-infinity", "0001-01-01T00:00:00.000000Z", published[2]?.time, "2999-01-01T00:00:00.000000Z", "infinity"].sort(),
  );
});

test("a table that cannot be polled is refused with all that is wrong", async () => {
  await pool.query(
    "ALTER TABLE food_orders ALTER created_at DROP NOT NULL, ALTER order_status TYPE timestamp USING NULL",
  );
  const refusal = (cursor: Settings["cursor"]) =>
    poller({ cursor }).then(
      () => "taken",
      (error: Error) => error.message,
    );
  expect(await refusal({ time: "created", key: "item" })).toMatch(
    /cursor.time: food_orders has no such column[\s\S]*allowed +order_id, customer_name[\s\S]*cursor.key: Rows without a value[\s\S]*cursor.key: It is not unique/,
  );
  expect(await refusal({ time: "created_at", key: "order_id" })).toMatch(/cursor.time: Rows without a value/);
  expect(await refusal({ time: "order_status", key: "order_id" })).toMatch(
    /order_status is timestamp without time zone/,
  );
});

test("without an index it says so", async () => {
  await pool.query("DROP INDEX food_orders_by_time");
  expect((await poller()).source.warnings).toEqual([
    "food_orders has no index on (created_at, order_id): each look reads the whole table",
  ]);
});
