import fc from "fast-check";
import { Pool } from "pg";
import { commit, readWorld } from "../../../../apps/business-events/entities-simulator/store";
import { emptyWorld, nextTransaction, type World } from "../../../../apps/business-events/entities-simulator/world";
import { seeded } from "../../../../apps/lib/random";
import { type FreshDatabase, startPostgres, type TestPostgres } from "../../../support/postgres";

let postgres: TestPostgres;
let database: FreshDatabase;
let pool: Pool;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.freshDatabase("entities");
  pool = new Pool({ connectionString: database.url, max: 1 });
  await watchChanges();
}, 60_000);
afterAll(async () => {
  await pool.end();
  await postgres.stop();
});

const tables = ["car_entities", "loan_entities", "service_record"];
const legal: Record<string, Record<string, string[]>> = {
  car_entities: { AVAILABLE: ["RESERVED", "RETIRED"], RESERVED: ["SOLD"] },
  loan_entities: { PENDING: ["APPROVED"], APPROVED: ["ACTIVE"], ACTIVE: ["CLOSED", "DEFAULTED"] },
  service_record: { SCHEDULED: ["IN_PROGRESS", "CANCELLED"], IN_PROGRESS: ["COMPLETED"] },
};
const last = new Set(["SOLD", "RETIRED", "CLOSED", "DEFAULTED", "COMPLETED", "CANCELLED"]);

interface Seen {
  readonly tbl: string;
  readonly op: string;
  readonly old: Record<string, string | null> | null;
  readonly now: Record<string, string | null> | null;
}

/** Every change of a row, as the database sees it, in order. */
async function watchChanges(): Promise<void> {
  await pool.query("CREATE TABLE seen (id bigserial, tbl text, op text, old jsonb, now jsonb)");
  await pool.query(
    `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO seen (tbl, op, old, now) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW)); RETURN NULL; END $$`,
  );
  for (const table of tables) {
    await pool.query(
      `CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION note()`,
    );
  }
}
const clear = () => pool.query(`TRUNCATE seen, ${tables.join(", ")}`);

async function play(seed: number, count: number, world: World = emptyWorld()): Promise<World> {
  const random = seeded(seed);
  for (let i = 0; i < count; i++) await commit(pool, nextTransaction(world, random));
  return world;
}

test("for any seed: money is never negative nor more than is owed, paid money only grows, states follow the rules", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      await clear();
      await play(seed, 300);
      const { rows } = await pool.query<Seen>("SELECT tbl, op, old, now FROM seen ORDER BY id");
      expect(rows.length).toBeGreaterThan(300);
      expect(rows.flatMap((seen) => wrong(seen).map((what) => ({ what, ...seen })))).toEqual([]);
    }),
    { numRuns: 3 },
  );
}, 120_000);

function wrong({ tbl, op, old, now }: Seen): string[] {
  const found: string[] = [];
  const moved = old?.status !== now?.status;
  if (op === "DELETE" && !last.has(String(old?.status))) found.push(`deleted while ${old?.status}`);
  if (op === "UPDATE" && moved && !legal[tbl]?.[String(old?.status)]?.includes(String(now?.status)))
    found.push("status");
  if (op === "UPDATE" && JSON.stringify(old) === JSON.stringify(now)) found.push("nothing changed");
  for (const money of ["price", "loan_amount", "amount_paid", "cost"])
    if (Number(now?.[money] ?? 0) < 0) found.push(money);
  if (tbl === "loan_entities" && op === "UPDATE") {
    if (Number(now?.amount_paid) < Number(old?.amount_paid)) found.push("paid money shrank");
    if (Number(now?.amount_paid) > Number(now?.loan_amount)) found.push("more paid than owed");
    if ((now?.status === "CLOSED") !== (now?.amount_paid === now?.loan_amount)) found.push("closed before it was paid");
  }
  return found;
}

test("the tables say how to go on: what is read back is what was played, and ids are not used again", async () => {
  await clear();
  const world = await play(11, 400);
  const read = await readWorld(pool);
  const sorted = <T extends { id: string }>(list: readonly T[]) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(read.next).toBe(world.next);
  expect(sorted(read.cars)).toEqual(sorted(world.cars));
  expect(sorted(read.loans)).toEqual(sorted(world.loans));
  expect(sorted(read.services)).toEqual(sorted(world.services));
  expect(sorted(read.finished)).toEqual(sorted(world.finished));
  await play(12, 200, read);
});

test("rows that someone else put there are left alone", async () => {
  await clear();
  await pool.query(
    "INSERT INTO car_entities (car_id, vin, model, price, status) VALUES ('bench-1', 'x', 'Other', 1, 'SOLD')",
  );
  const world = await readWorld(pool);
  expect(world).toEqual(emptyWorld());
  await play(13, 200, world);
  expect((await pool.query("SELECT 1 FROM seen WHERE COALESCE(now, old) ->> 'car_id' = 'bench-1'")).rowCount).toBe(1);
});

test("a transaction is committed whole or not at all, and its connection is given back", async () => {
  await clear();
  const good = {
    sql: "INSERT INTO car_entities (car_id, vin, model, price) VALUES ($1, $2, $3, $4)",
    values: ["a", "a", "a", 1],
  };
  await expect(commit(pool, [good, { ...good, values: ["b", "a", "a", 1] }])).rejects.toMatchObject({ code: "23505" });
  expect((await pool.query("SELECT 1 FROM car_entities")).rowCount).toBe(0);
  await commit(pool, [good]);
  expect((await pool.query("SELECT 1 FROM car_entities")).rowCount).toBe(1);
});
