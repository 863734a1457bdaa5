import { once } from "node:events";
import { finished } from "node:stream/promises";
import { type ClientBase, escapeIdentifier, type Pool } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { inTransaction } from "../lib/postgres";
import type { Target } from "./target";
import type { Row } from "./values";

export interface Place {
  /** Name of the loader, of which there may be several in a database. */
  readonly loader: string;
  readonly topic: string;
  readonly partition: number;
  /** Table of offsets. */
  readonly offsets: string;
}
export interface Entry extends Row {
  readonly offset: string;
}

/** Offset of the first record that is not in the table yet; "0" when nothing was loaded. */
export async function positionOf(pool: Pool, place: Place): Promise<string> {
  const { loader, topic, partition } = place;
  const { rows } = await pool.query(
    `SELECT next_offset FROM ${escapeIdentifier(place.offsets)} WHERE loader = $1 AND topic = $2 AND partition = $3`,
    [loader, topic, partition],
  );
  return String(rows[0]?.next_offset ?? 0);
}

/**
 * Rows and the offset behind them, all or none: each record is loaded once, however often it comes, and whoever else still believes to have the partition.
 *
 * @param entries by offset; those that were loaded before are passed over
 * @param next offset behind the last one
 * @returns how many records were loaded
 */
export async function load(
  pool: Pool,
  target: Target,
  place: Place,
  entries: readonly Entry[],
  next: bigint,
): Promise<number> {
  const { loader, topic, partition } = place;
  const offsets = escapeIdentifier(place.offsets);
  return inTransaction(pool, async (client) => {
    // Whoever loads the same partition waits here, and then finds it done.
    const { rows } = await client.query(
      `INSERT INTO ${offsets} AS known (loader, topic, partition, next_offset) VALUES ($1, $2, $3, 0)
       ON CONFLICT (loader, topic, partition) DO UPDATE SET next_offset = known.next_offset RETURNING next_offset`,
      [loader, topic, partition],
    );
    const from = BigInt(rows[0].next_offset);
    const isFresh = ({ offset }: Entry) => BigInt(offset) >= from;
    // By offset: with the first, all are.
    const fresh = entries[0] && isFresh(entries[0]) ? entries : entries.filter(isFresh);
    if (fresh.length > 0) await (target.primaryKey.length > 0 ? upsert : append)(client, target, fresh);
    if (next > from) {
      await client.query(`UPDATE ${offsets} SET next_offset = $4 WHERE loader = $1 AND topic = $2 AND partition = $3`, [
        loader,
        topic,
        partition,
        String(next),
      ]);
    }
    return fresh.length;
  });
}

const namesOf = (target: Target) => target.columns.map(({ name }) => escapeIdentifier(name)).join(", ");

async function append(client: ClientBase, target: Target, entries: readonly Entry[]): Promise<void> {
  await copy(client, `${escapeIdentifier(target.table)} (${namesOf(target)})`, entries);
}

/** Connections that have the temporary table already. */
const prepared = new WeakSet<ClientBase>();

/** COPY cannot replace: rows are copied aside, to memory mostly, and put in place from there. A row that is there and the same is left alone. */
async function upsert(client: ClientBase, target: Target, entries: readonly Entry[]): Promise<void> {
  const table = escapeIdentifier(target.table);
  const names = namesOf(target);
  if (!prepared.has(client)) {
    await client.query(
      `CREATE TEMPORARY TABLE IF NOT EXISTS loading ON COMMIT DELETE ROWS AS SELECT ${names} FROM ${table} WITH NO DATA`,
    );
    // Not before the transaction is committed, but a connection whose transaction failed is not used again.
    prepared.add(client);
  }
  await copy(client, `loading (${names})`, newest(entries));
  const keys = target.primaryKey.map(escapeIdentifier).join(", ");
  const others = target.columns.filter(({ name }) => !target.primaryKey.includes(name));
  const list = (side: string) => others.map(({ name }) => `${side}.${escapeIdentifier(name)}`).join(", ");
  const assignments = others.map(({ name }) => `${escapeIdentifier(name)} = excluded.${escapeIdentifier(name)}`);
  const action =
    others.length === 0
      ? "NOTHING"
      : `UPDATE SET ${assignments.join(", ")} WHERE (${list("present")}) IS DISTINCT FROM (${list("excluded")})`;
  await client.query(
    `INSERT INTO ${table} AS present (${names}) SELECT ${names} FROM loading ON CONFLICT (${keys}) DO ${action}`,
  );
}

/** The last record of each key: one statement cannot replace a row twice. */
function newest(entries: readonly Entry[]): readonly Entry[] {
  const byKey = new Map<string, Entry>();
  for (const entry of entries) byKey.set(entry.key, entry);
  return byKey.size === entries.length ? entries : [...byKey.values()];
}

/** Lines handed to the socket at once. */
const linesAtOnce = 2000;

async function copy(client: ClientBase, into: string, entries: readonly Entry[]): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${into} FROM STDIN`));
  const done = finished(stream);
  // Awaited below; what fails before is no failure that nobody hears of.
  done.catch(() => undefined);
  for (let at = 0; at < entries.length && !stream.destroyed; at += linesAtOnce) {
    let text = "";
    for (const { line } of entries.slice(at, at + linesAtOnce)) text += `${line}\n`;
    if (!stream.write(text)) await Promise.race([once(stream, "drain"), done]);
  }
  stream.end();
  await done;
}
