import { type ClientBase, Pool } from "pg";
import type { Logger } from "./log";

export interface PostgresSettings {
  /** Without a password. */
  readonly POSTGRES_URL: string;
  readonly PGPASSWORD?: string | undefined;
}

/** A query that takes longer is given up, and its connection with it: a server that was halted must not hold an app for ever. */
const queryLimitMs = 30_000;

/**
 * A pool that survives the server's restarts: a broken connection is dropped, and the next query opens another. It does not try again by itself;
 * `untilItWorks` does, for errors of the connection and never for those of logic.
 *
 * @param max connections at most; default 2
 */
export function createPool(app: string, settings: PostgresSettings, log: Logger, max = 2): Pool {
  const url = new URL(settings.POSTGRES_URL);
  // Beside `connectionString`, pg takes no notice of an option `password`.
  if (settings.PGPASSWORD !== undefined) url.password = encodeURIComponent(settings.PGPASSWORD);
  const pool = new Pool({
    connectionString: url.href,
    max,
    application_name: app,
    connectionTimeoutMillis: 5000,
    query_timeout: queryLimitMs,
    keepAlive: true,
  });
  // Of idle connections; a busy one fails its query.
  pool.on("error", (error) => log.warn({ error: error.message }, "lost a connection to Postgres"));
  return pool;
}

/** All of the work or nothing. When it throws an error of the connection, only the tables know which. */
export async function inTransaction<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks between two queries says so here, and would end the process unheard; the next query fails anyway.
  const unheard = () => undefined;
  client.on("error", unheard);
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.off("error", unheard);
    // Instead of a rollback: the connection goes, and with it what was begun.
    client.release(broken);
  }
}

/** For `/health/ready`. */
export async function answers(pool: Pool): Promise<undefined> {
  await pool.query("SELECT 1");
}
