import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../problems";
import type { MigrationFile, TableShape } from "../types";
import { newerThanPlatform, readCatalogue } from "./catalogue";
import { inFreshDatabase, type Scratch, type ScratchError, scratchVersion } from "./scratch";
import { lineAt, sqlStatements } from "./sql-statements";

/** To be raised with every change of what is read from the catalogue, so that older cache files are not used. */
const codeVersion = 2;

/**
 * The tables of a database after all its migrations, by name. The migrations run in the scratch Postgres, each in one transaction, unless
 * they ran before: results are kept in the scratch's cache folder, keyed by content. No tables when there are problems.
 */
export async function tablesOf(
  scratch: Scratch,
  database: string,
  files: readonly MigrationFile[],
): Promise<{ tables: TableShape[]; problems: Problem[] }> {
  const cacheFile = join(scratch.cacheFolder, `tables-${cacheKey(files)}.json`);
  const cached = readCache(cacheFile);
  if (cached) return { tables: cached, problems: [] };
  return inFreshDatabase(scratch, async (postgres) => {
    for (const file of files) {
      const problem = await apply(file, (sql) => postgres.exec(sql));
      if (problem) return { tables: [], problems: [problem] };
    }
    const problems = (await newerThanPlatform(postgres)).map((wrong) => ({ file: `migrations/${database}`, ...wrong }));
    if (problems.length > 0) return { tables: [], problems };
    const tables = await readCatalogue(postgres);
    writeCache(cacheFile, tables);
    return { tables, problems: [] };
  });
}

/** Statement by statement, because Postgres gives an error no position when it lies in the meaning and not in the text. */
async function apply(file: MigrationFile, run: (sql: string) => Promise<unknown>): Promise<Problem | undefined> {
  await run("BEGIN");
  for (const { text, line } of sqlStatements(file.sql)) {
    try {
      await run(text);
    } catch (error) {
      await run("ROLLBACK");
      const { message, detail, hint, position } = error as ScratchError;
      const inside = position ? lineAt(text, Number(position) - 1) - 1 : 0;
      const said = [message, detail].filter(Boolean).join(": ");
      return {
        file: file.file,
        line: line + inside,
        message: `Postgres refuses this: ${said}.`,
        ...(hint && { fix: hint }),
      };
    }
  }
  // Deferred constraints and triggers speak up at the end.
  try {
    await run("COMMIT");
    return undefined;
  } catch (error) {
    await run("ROLLBACK");
    return { file: file.file, message: `Postgres refuses to commit this: ${(error as Error).message}.` };
  }
}

function cacheKey(files: readonly MigrationFile[]): string {
  const parts = [`code ${codeVersion}`, `postgres ${scratchVersion()}`, ...files.map(({ sha256 }) => sha256)];
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}

function readCache(file: string): TableShape[] | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Missing, or damaged: it is made again.
    return undefined;
  }
}

function writeCache(file: string, tables: readonly TableShape[]): void {
  mkdirSync(join(file, ".."), { recursive: true });
  // Renamed into place, so that another run sees all of it or nothing.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(tables));
  renameSync(draft, file);
}
