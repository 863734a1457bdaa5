import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { compare } from "../apps/company-data/company-ingest/detect";

/** One comparison, as an upload does it, up to the last change; prints what it took. */
async function main(folder: string): Promise<void> {
  const work = join(folder, "work");
  mkdirSync(work);
  const since = performance.now();
  const comparison = await compare({
    file: join(folder, "now.csv"),
    former: join(folder, "former.csv"),
    keyColumns: () => ["id"],
    allowEmpty: false,
    folder: work,
  });
  let changes = 0;
  for await (const _ of comparison.read()) changes++;
  const seconds = (performance.now() - since) / 1000;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const megabytes = Math.round(maxRSS / 1024);
  process.stdout.write(
    JSON.stringify({ seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, megabytes, changes }),
  );
}

void main(process.argv[2] as string);
