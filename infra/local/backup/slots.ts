import type { Client } from "pg";

/**
 * A slot that a backup holds beside that of a capture: it keeps back the log and the old catalogue rows that decoding from its place needs, so that a
 * restored database can send every change since the backup again. Bounded by `max_slot_wal_keep_size`, as the capture's own.
 */
export interface HeldSlot {
  readonly name: string;
  /** What is sent first: every change that was committed before is in the tables that it leads to. */
  readonly confirmed: string;
  /** Where decoding begins to read. */
  readonly restart: string;
}

/** @param stamp sorts by time: the newest of a capture is the last */
export const heldName = (slot: string, stamp: string): string => `${prefixOf(slot)}${stamp}`;
const prefixOf = (slot: string) => `${slot}_backup_`;

/** Those of a capture, oldest first. What was given up, as too much log would have been kept back for it, is told apart. */
export async function heldSlots(client: Client, slot: string): Promise<(HeldSlot & { lost: boolean })[]> {
  const found = await client.query(
    `SELECT slot_name AS name, confirmed_flush_lsn::text AS confirmed, restart_lsn::text AS restart,
            wal_status = 'lost' OR restart_lsn IS NULL AS lost
     FROM pg_replication_slots WHERE starts_with(slot_name, $1) AND NOT temporary ORDER BY slot_name`,
    [prefixOf(slot)],
  );
  return found.rows;
}

/** The session must be one of the slot's database. */
export async function copySlot(client: Client, from: string, to: string, temporary = false): Promise<HeldSlot> {
  await client.query("SELECT pg_copy_logical_replication_slot($1, $2, $3)", [from, to, temporary]);
  const found = await client.query(
    `SELECT slot_name AS name, confirmed_flush_lsn::text AS confirmed, restart_lsn::text AS restart
     FROM pg_replication_slots WHERE slot_name = $1`,
    [to],
  );
  return found.rows[0];
}

/** Ends what reads the slot. Nothing to do when there is no such slot. */
export async function dropSlot(client: Client, name: string): Promise<void> {
  await client.query(
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active_pid <> pg_backend_pid()",
    [name],
  );
  await client.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1", [
    name,
  ]);
}

export async function dropHeld(client: Client, slot: string, except?: string): Promise<void> {
  for (const { name } of await heldSlots(client, slot)) if (name !== except) await dropSlot(client, name);
}
