import type { Handler } from "./handler";
import { identifier, type PostgresConnection, readOr, withPostgres } from "./postgres";

export interface DatabaseInputs {
  readonly postgres: PostgresConnection;
  readonly name: string;
}

/** A Postgres database that nobody may connect to unless granted. */
export const database: Handler<DatabaseInputs> = {
  replaceOn: ["name"],

  async create(inputs) {
    await withPostgres(inputs.postgres, "postgres", async (client) => {
      if (!(await exists(client, inputs.name))) await client.query(`CREATE DATABASE ${identifier(inputs.name)}`);
      await client.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${identifier(inputs.name)} FROM PUBLIC`);
    });
    return { id: inputs.name, state: {} };
  },

  read: (state) =>
    readOr(state, () =>
      withPostgres(state.postgres, "postgres", async (client) =>
        (await exists(client, state.name)) ? state : undefined,
      ),
    ),

  update: async () => ({}),

  async remove(state) {
    await withPostgres(state.postgres, "postgres", (client) =>
      client.query(`DROP DATABASE IF EXISTS ${identifier(state.name)} WITH (FORCE)`),
    );
  },
};

async function exists(client: import("pg").Client, name: string): Promise<boolean> {
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  return found.rowCount === 1;
}
