import type { Client } from "pg";
import { dropHeld, dropSlot } from "../backup/slots";
import type { Handler } from "./handler";
import { identifier, type PostgresConnection, readOr, withPostgres } from "./postgres";

export interface PublicationInputs {
  readonly postgres: PostgresConnection;
  readonly database: string;
  readonly name: string;
  /** Tables of schema public. */
  readonly tables: readonly string[];
  /** Replication slot that its one reader makes; dropped with the publication, and those held for backups too, or they would hold back the log for ever. */
  readonly slot: string;
}

/** What a database publishes to one capture. */
export const publication: Handler<PublicationInputs> = {
  replaceOn: ["database", "name"],

  async create(inputs) {
    await converge(inputs);
    return { id: `${inputs.database}/${inputs.name}`, state: {} };
  },

  read: (state) =>
    readOr(state, () =>
      withPostgres(state.postgres, state.database, async (client) => {
        if (!(await exists(client, state.name))) return undefined;
        const rows = await client.query("SELECT tablename FROM pg_publication_tables WHERE pubname = $1", [state.name]);
        const present = rows.rows.map((row) => row.tablename as string);
        const same = [...present].sort().join() === [...state.tables].sort().join();
        return same ? state : { ...state, tables: present };
      }),
    ),

  async update(_state, inputs) {
    await converge(inputs);
    return {};
  },

  async remove(state) {
    await withPostgres(state.postgres, state.database, async (client) => {
      await dropSlot(client, state.slot);
      await dropHeld(client, state.slot);
      await client.query(`DROP PUBLICATION IF EXISTS ${identifier(state.name)}`);
    });
  },
};

async function converge(inputs: PublicationInputs): Promise<void> {
  const tables = inputs.tables.map((table) => `public.${identifier(table)}`).join(", ");
  await withPostgres(inputs.postgres, inputs.database, async (client) => {
    const name = identifier(inputs.name);
    if (await exists(client, inputs.name)) await client.query(`ALTER PUBLICATION ${name} SET TABLE ${tables}`);
    else await client.query(`CREATE PUBLICATION ${name} FOR TABLE ${tables}`);
  });
}

async function exists(client: Client, name: string): Promise<boolean> {
  return (await client.query("SELECT 1 FROM pg_publication WHERE pubname = $1", [name])).rowCount === 1;
}
