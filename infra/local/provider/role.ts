import type { Client } from "pg";
import type { TableGrant } from "../../plan/types";
import type { Handler } from "./handler";
import { identifier, literal, type PostgresConnection, readOr, withPostgres } from "./postgres";

export interface RoleInputs {
  readonly postgres: PostgresConnection;
  readonly name: string;
  readonly password: string;
  /** May open a replication connection and read slots. */
  readonly replication: boolean;
  /** Databases that it owns and may do everything in. */
  readonly owns: readonly string[];
  readonly grants: readonly TableGrant[];
  /** Databases in which it may make temporary tables. */
  readonly temporaryIn?: readonly string[];
  /** Functions that it may call, as `name(types)`. */
  readonly functions?: readonly { readonly database: string; readonly signature: string }[];
  /** Schemas that are made for it, and that it owns. */
  readonly schemas?: readonly { readonly database: string; readonly schema: string }[];
}

/** A login with exactly the rights that the graph says it needs. */
export const role: Handler<RoleInputs> = {
  replaceOn: ["name"],

  async create(inputs) {
    await converge(inputs, []);
    return { id: inputs.name, state: {} };
  },

  read: (state) =>
    readOr(state, () =>
      withPostgres(state.postgres, "postgres", async (client) => {
        const found = await client.query("SELECT rolreplication FROM pg_roles WHERE rolname = $1", [state.name]);
        if (found.rowCount === 0) return undefined;
        return { ...state, replication: found.rows[0].rolreplication, grants: await presentGrants(state) };
      }),
    ),

  async update(state, inputs) {
    await converge(inputs, state.grants);
    return {};
  },

  remove: (state) => oneAtATime(state.postgres, () => removeAlone(state)),
};

async function removeAlone(state: RoleInputs): Promise<void> {
  const { name } = state;
  const databases = new Set([...state.grants.map((grant) => grant.database)]);
  await withPostgres(state.postgres, "postgres", async (client) => {
    if (!(await exists(client, name))) return;
    await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [name]);
    const existing = await client.query("SELECT datname FROM pg_database WHERE datname = ANY($1)", [[...databases]]);
    for (const { datname } of existing.rows) {
      await withPostgres(state.postgres, datname, (own) => own.query(`DROP OWNED BY ${identifier(name)}`));
    }
    for (const owned of state.owns) {
      if ((await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [owned])).rowCount === 0) continue;
      await client.query(`ALTER DATABASE ${identifier(owned)} OWNER TO ${identifier(state.postgres.user)}`);
      await withPostgres(state.postgres, owned, async (own) => {
        await own.query(`REASSIGN OWNED BY ${identifier(name)} TO ${identifier(state.postgres.user)}`);
        await own.query(`DROP OWNED BY ${identifier(name)}`);
      });
    }
    await client.query(`DROP OWNED BY ${identifier(name)}`);
    await client.query(`DROP ROLE ${identifier(name)}`);
  });
}

/** Two sessions that change rights in one catalogue row fail with "tuple concurrently updated": roles are changed one at a time. */
const lockKey = 7_205_760;

const oneAtATime = <T>(postgres: PostgresConnection, work: () => Promise<T>): Promise<T> =>
  withPostgres(postgres, "postgres", async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [lockKey]);
    return work();
  });

const converge = (inputs: RoleInputs, former: readonly TableGrant[]): Promise<void> =>
  oneAtATime(inputs.postgres, () => convergeAlone(inputs, former));

async function convergeAlone(inputs: RoleInputs, former: readonly TableGrant[]): Promise<void> {
  const { postgres, name, password, replication } = inputs;
  const attributes = `LOGIN ${replication ? "REPLICATION" : "NOREPLICATION"} NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${literal(password)}`;
  await withPostgres(postgres, "postgres", async (client) => {
    // The statement holds a password: it must not reach the server's log, not even when it fails.
    await client.query(
      "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1",
    );
    await client.query(`${(await exists(client, name)) ? "ALTER" : "CREATE"} ROLE ${identifier(name)} ${attributes}`);
    for (const owned of inputs.owns)
      await client.query(`ALTER DATABASE ${identifier(owned)} OWNER TO ${identifier(name)}`);
  });
  await convergeGrants(inputs, former);
}

/** Of a role that is there: the rights that are declared, and no others. */
export async function convergeGrants(
  inputs: Omit<RoleInputs, "password" | "replication" | "owns">,
  former: readonly TableGrant[],
): Promise<void> {
  const { postgres, name } = inputs;
  for (const database of databasesOf([...former, ...inputs.grants])) {
    await withPostgres(postgres, database, async (client) => {
      const grants = inputs.grants.filter((grant) => grant.database === database);
      await client.query("BEGIN");
      await client.query(`REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${identifier(name)}`);
      await client.query(`REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM ${identifier(name)}`);
      const verb = grants.length > 0 ? "GRANT" : "REVOKE";
      const to = grants.length > 0 ? "TO" : "FROM";
      await client.query(`${verb} CONNECT ON DATABASE ${identifier(database)} ${to} ${identifier(name)}`);
      const [temporary, toOrFrom] = inputs.temporaryIn?.includes(database) ? ["GRANT", "TO"] : ["REVOKE", "FROM"];
      await client.query(`${temporary} TEMPORARY ON DATABASE ${identifier(database)} ${toOrFrom} ${identifier(name)}`);
      for (const { table, privileges } of grants) {
        await client.query(
          `GRANT ${privileges.join(", ")} ON TABLE public.${identifier(table)} TO ${identifier(name)}`,
        );
        if (!privileges.includes("INSERT")) continue;
        for (const sequence of await sequencesOf(client, table)) {
          await client.query(`GRANT USAGE ON SEQUENCE ${sequence} TO ${identifier(name)}`);
        }
      }
      await client.query(`REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM ${identifier(name)}`);
      for (const { signature } of inputs.functions?.filter((one) => one.database === database) ?? []) {
        await client.query(`GRANT EXECUTE ON FUNCTION public.${signature} TO ${identifier(name)}`);
      }
      for (const { schema } of inputs.schemas?.filter((one) => one.database === database) ?? []) {
        await client.query(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)} AUTHORIZATION ${identifier(name)}`);
      }
      await client.query("COMMIT");
    });
  }
}

async function presentGrants(state: RoleInputs): Promise<TableGrant[]> {
  const grants: TableGrant[] = [];
  for (const database of databasesOf(state.grants)) {
    const rows = await withPostgres(state.postgres, database, async (client) => {
      const found = await client.query(
        `SELECT table_name, array_agg(privilege_type::text) AS privileges FROM information_schema.role_table_grants
         WHERE grantee = $1 AND table_schema = 'public' GROUP BY table_name`,
        [state.name],
      );
      return found.rows as { table_name: string; privileges: TableGrant["privileges"] }[];
    });
    for (const row of rows) grants.push({ database, table: row.table_name, privileges: row.privileges });
  }
  const key = (grant: TableGrant) => `${grant.database}.${grant.table}:${[...grant.privileges].sort()}`;
  const asDeclared = grants.map(key).sort().join() === state.grants.map(key).sort().join();
  return asDeclared ? [...state.grants] : grants;
}

const databasesOf = (grants: readonly TableGrant[]) => [...new Set(grants.map((grant) => grant.database))];

async function sequencesOf(client: Client, table: string): Promise<string[]> {
  const found = await client.query(
    `SELECT format('%I.%I', n.nspname, s.relname) AS name FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
     JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') WHERE s.relkind = 'S' AND d.refobjid = ('public.' || quote_ident($1))::regclass`,
    [table],
  );
  return found.rows.map((row) => row.name);
}

async function exists(client: Client, name: string): Promise<boolean> {
  return (await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [name])).rowCount === 1;
}
