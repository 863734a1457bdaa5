import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runInThisContext } from "node:vm";
import type { PGlite } from "@electric-sql/pglite";

/** A Postgres in this process, for the time of a run. */
export interface Scratch {
  /** Where results are kept between runs. */
  readonly cacheFolder: string;
  /** Started at first need. */
  instance?: Promise<PGlite>;
  /** Ends when the work before is done: there is one connection, and each database wants it alone. */
  turn: Promise<unknown>;
}

/** The fields of a Postgres error that say where and why. */
export interface ScratchError extends Error {
  /** Character of the statement, from 1. */
  readonly position?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** Costs nothing until it is used; close it with `closeScratch`. */
export const openScratch = (cacheFolder: string): Scratch => ({ cacheFolder, turn: Promise.resolve() });

export async function closeScratch(scratch: Scratch): Promise<void> {
  await scratch.turn.catch(() => undefined);
  const instance = await scratch.instance;
  delete scratch.instance;
  await instance?.close();
}

/**
 * Runs `work` in a database where nothing was done before. The first takes the start of Postgres, 1.5 to 3 s; the others a few
 * milliseconds, because what the work before left is dropped, not the instance.
 */
export function inFreshDatabase<T>(scratch: Scratch, work: (postgres: PGlite) => Promise<T>): Promise<T> {
  const result = scratch.turn.then(async () => {
    const used = scratch.instance !== undefined;
    scratch.instance ??= create();
    const postgres = await scratch.instance;
    if (used) await reset(postgres);
    return work(postgres);
  });
  scratch.turn = result.catch(() => undefined);
  return result;
}

/** Everything that a migration can leave outside of the schema `public`, and that schema. */
const leftOvers = `
  SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
  UNION ALL SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
  UNION ALL SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql'
  UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname) FROM pg_foreign_data_wrapper
  UNION ALL SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'
  UNION ALL SELECT format('DROP OWNED BY %1$I CASCADE; DROP ROLE %1$I', rolname) FROM pg_roles WHERE oid >= 16384`;

async function reset(postgres: PGlite): Promise<void> {
  await postgres.exec("DISCARD ALL");
  const { rows } = await postgres.query<{ format: string }>(leftOvers);
  for (const { format } of rows) await postgres.exec(format);
  await postgres.exec("CREATE SCHEMA public");
}

/**
 * Found at run time and not imported, so that a bundle leaves the module where it is installed, beside the files it loads; looked for from this
 * file and from the working directory.
 */
function resolved(): { require: NodeJS.Require; entry: string } {
  const name = "@electric-sql/pglite";
  // Node's own `createRequire`: that of a test runner's sandbox loads modules into the sandbox, where their dynamic imports are refused.
  const own = runInThisContext("process.getBuiltinModule?.('node:module')") as typeof import("node:module") | undefined;
  const require = (own?.createRequire ?? createRequire)(__filename);
  return { require, entry: require.resolve(name, { paths: [__dirname, process.cwd()] }) };
}

/** Extensions that migrations may create; each is loaded when one does. */
const extensions = ["btree_gist"] as const;

function create(): Promise<PGlite> {
  const { require, entry } = resolved();
  const { PGlite } = require(entry) as typeof import("@electric-sql/pglite");
  const load = (name: string) => require(join(dirname(entry), "contrib", `${name}.cjs`))[name];
  return PGlite.create({ extensions: Object.fromEntries(extensions.map((name) => [name, load(name)])) });
}

let version: string | undefined;
/** Of the module, which decides the version of Postgres. */
export function scratchVersion(): string {
  version ??= JSON.parse(readFileSync(join(dirname(resolved().entry), "../package.json"), "utf8")).version as string;
  return version;
}
