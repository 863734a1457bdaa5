import type { Client } from "pg";
import type { Problem } from "../../plan/problems";
import type { MigrationFile } from "../../plan/types";
import type { Handler } from "./handler";
import { type PostgresConnection, readOr, withPostgres } from "./postgres";

export interface MigrationInputs {
  readonly postgres: PostgresConnection;
  readonly database: string;
  /** By number. */
  readonly files: readonly MigrationFile[];
}

const ledger = `CREATE TABLE IF NOT EXISTS millrace.migrations (
  number integer PRIMARY KEY, file text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;
/** Any two runs against one database wait for each other. */
const lockKey = 7_205_759;

/** The migrations of one database, each applied once, in order, in its own transaction. Never undone: the database goes as a whole. */
export const migration: Handler<MigrationInputs> = {
  replaceOn: ["database"],

  check(inputs, former) {
    if (!former || former.database !== inputs.database) return [];
    return appliedChanges(former.files, inputs.files);
  },

  async create(inputs) {
    await apply(inputs);
    return { id: inputs.database, state: {} };
  },

  read: (state) =>
    readOr(state, async () => {
      const rows = await withPostgres(state.postgres, state.database, applied).catch((error) => {
        if ((error as { code?: string }).code === "3D000") return undefined; // the database is gone
        throw error;
      });
      if (rows === undefined || rows.length === 0) return undefined;
      const files = state.files.filter((file) => rows.some((row) => row.number === file.number));
      return { ...state, files };
    }),

  async update(_state, inputs) {
    await apply(inputs);
    return {};
  },

  remove: async () => {},
};

type Applied = Pick<MigrationFile, "number" | "file" | "sha256">;

/** What may not change once it was applied. */
export function appliedChanges(former: readonly Applied[], files: readonly Applied[]): Problem[] {
  const problems: Problem[] = [];
  const last = Math.max(0, ...former.map((file) => file.number));
  const restore =
    "Put the applied text back (git shows it) and write the change as a new migration with the next number.";
  for (const old of former) {
    const now = files.find((file) => file.number === old.number);
    if (!now)
      problems.push({
        path: "files",
        file: old.file,
        message: "This migration was applied and its file is gone.",
        fix: restore,
      });
    else if (now.sha256 !== old.sha256) {
      problems.push({
        path: "files",
        file: now.file,
        message: "This migration was applied and its text has changed since.",
        given: `sha256 ${now.sha256.slice(0, 12)}…`,
        allowed: `sha256 ${old.sha256.slice(0, 12)}…, as it was applied`,
        fix: restore,
      });
    }
  }
  for (const file of files) {
    if (file.number <= last && !former.some((old) => old.number === file.number)) {
      problems.push({
        path: "files",
        file: file.file,
        message: `This migration comes before ${last}, which was applied already.`,
        given: file.number,
        allowed: `${last + 1} or more`,
        fix: `Give it a number above ${last}.`,
      });
    }
  }
  return problems;
}

async function apply(inputs: MigrationInputs): Promise<void> {
  await withPostgres(inputs.postgres, inputs.database, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [lockKey]);
    await client.query("CREATE SCHEMA IF NOT EXISTS millrace");
    await client.query(ledger);
    const done = await applied(client);
    const changed = appliedChanges(done, inputs.files);
    if (changed.length > 0)
      throw new Error(changed.map(({ file, message, fix }) => `${file}: ${message} ${fix}`).join("\n"));
    for (const file of inputs.files) {
      if (done.some((row) => row.number === file.number)) continue;
      await client.query("BEGIN");
      try {
        await client.query(file.sql);
        await client.query("INSERT INTO millrace.migrations (number, file, sha256) VALUES ($1, $2, $3)", [
          file.number,
          file.file,
          file.sha256,
        ]);
        await client.query("COMMIT");
      } catch (error) {
        await client.query("ROLLBACK");
        throw new Error(`${file.file}: ${(error as Error).message}`);
      }
    }
  });
}

async function applied(client: Client): Promise<{ number: number; file: string; sha256: string }[]> {
  const exists = await client.query("SELECT to_regclass('millrace.migrations') AS ledger");
  if (exists.rows[0].ledger === null) return [];
  return (await client.query("SELECT number, file, sha256 FROM millrace.migrations ORDER BY number")).rows;
}
