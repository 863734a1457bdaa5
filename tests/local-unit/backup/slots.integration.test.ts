import { Client } from "pg";
import { copySlot, dropHeld, dropSlot, heldName, heldSlots } from "../../../infra/local/backup/slots";
import { eventually } from "../../support/eventually";
import { startPostgres, type TestPostgres } from "../../support/postgres";

let postgres: TestPostgres;
let client: Client;
const slot = "millrace_entities";

beforeAll(async () => {
  postgres = await startPostgres();
  client = new Client({ connectionString: `${postgres.url}postgres` });
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client.end();
  await postgres.stop();
});
beforeEach(async () => {
  await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [`${slot}x_backup_1`]);
});
afterEach(() => client.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"));

const names = async () => (await heldSlots(client, slot)).map(({ name }) => name);

test("a held slot stands where the capture's stood, whatever that does then", async () => {
  const held = await copySlot(client, slot, heldName(slot, "1"));
  await client.query("SELECT pg_logical_emit_message(true, 'test', 'moves on')");
  await client.query("SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())", [slot]);
  const [there] = await heldSlots(client, slot);
  expect(there).toEqual({ ...held, lost: false });
  const moved = await copySlot(client, slot, heldName(slot, "2"));
  expect(moved.confirmed).not.toBe(held.confirmed);
});

test("the newest comes last, those of others and temporary ones do not count", async () => {
  for (const stamp of ["20261121t100000", "20261120t100000"]) await copySlot(client, slot, heldName(slot, stamp));
  await copySlot(client, slot, heldName(slot, "begun"), true);
  expect(await names()).toEqual([heldName(slot, "20261120t100000"), heldName(slot, "20261121t100000")]);
});

test("a temporary one can be copied into one that stays, and goes with its session", async () => {
  const session = new Client({ connectionString: `${postgres.url}postgres` });
  await session.connect();
  const begun = await copySlot(session, slot, heldName(slot, "begun"), true);
  const held = await copySlot(session, begun.name, heldName(slot, "1"));
  expect(held.confirmed).toBe(begun.confirmed);
  await session.end();
  await eventually("the slot of the session is gone", async () => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_replication_slots WHERE temporary");
    return rowCount === 0;
  });
  expect(await names()).toEqual([held.name]);
});

test("the old ones go, but for the one that is kept; what is gone is fine", async () => {
  for (const stamp of ["1", "2", "3"]) await copySlot(client, slot, heldName(slot, stamp));
  await dropHeld(client, slot, heldName(slot, "3"));
  expect(await names()).toEqual([heldName(slot, "3")]);
  await dropHeld(client, slot);
  await dropSlot(client, heldName(slot, "3"));
  const { rows } = await client.query("SELECT slot_name FROM pg_replication_slots ORDER BY 1");
  expect(rows.map((row) => row.slot_name)).toEqual([slot, `${slot}x_backup_1`]);
});
