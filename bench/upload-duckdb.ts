import { createRequire } from "node:module";
import { join } from "node:path";

/** The same comparison as one full outer join in DuckDB, with its defaults; prints what it took. */
async function main(folder: string): Promise<void> {
  const { DuckDBInstance } = createRequire(join(process.cwd(), "package.json"))(
    "@duckdb/node-api",
  ) as typeof import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create()).connect();
  const since = performance.now();
  const file = (name: string) => `read_csv('${join(folder, name)}', all_varchar = true, header = true)`;
  const found = await connection.runAndReadAll(
    `SELECT count(*) FROM (
       SELECT former, now FROM ${file("former.csv")} AS former FULL OUTER JOIN ${file("now.csv")} AS now USING (id)
       WHERE former IS DISTINCT FROM now)`,
  );
  const seconds = (performance.now() - since) / 1000;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const megabytes = Math.round(maxRSS / 1024);
  const changes = Number(found.getRows()[0]?.[0]);
  process.stdout.write(
    JSON.stringify({ seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, megabytes, changes }),
  );
}

void main(process.argv[2] as string);
