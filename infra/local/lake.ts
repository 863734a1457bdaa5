import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LakePlan } from "../plan/types";

/** Files of a lake that readers see. Each has rows. */
export function lakeFiles({ url }: LakePlan): string[] {
  const folder = fileURLToPath(url);
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /(^|\/)[^._/][^/]*\.parquet$/.test(name))
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** How many rows a lake has, by what its files say of themselves. */
export async function lakeRows(lake: LakePlan): Promise<number> {
  const files = lakeFiles(lake).map((file) => `'${file.replaceAll("'", "''")}'`);
  if (files.length === 0) return 0;
  // Out of the bundler's sight: it holds machine code.
  const { DuckDBInstance } = createRequire(__filename)("@duckdb/node-api") as typeof import("@duckdb/node-api");
  const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  try {
    const found = await duckdb.runAndReadAll(`SELECT sum(num_rows) FROM parquet_file_metadata([${files.join(", ")}])`);
    return Number(found.getRows()[0]?.[0] ?? 0);
  } finally {
    duckdb.closeSync();
  }
}
