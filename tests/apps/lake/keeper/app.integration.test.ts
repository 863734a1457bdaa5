import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundle } from "../../../../infra/local/bundle";
import { eventually } from "../../../support/eventually";
import { freePort } from "../../../support/postgres";
import { lakeFolder, orders } from "./support";

/** The app as it is run: one file of JavaScript beside DuckDB, a process. */
const { folder, newLake, bring, rows } = lakeFolder();
const children: ChildProcess[] = [];
let port: number;
let program: string;
beforeAll(async () => {
  process.env.MILLRACE_CACHE = join(folder, "cache");
  program = await bundle(join(__dirname, "../../../../apps/lake/keeper/server.ts"));
  port = await freePort();
}, 30_000);
afterAll(() => {
  delete process.env.MILLRACE_CACHE;
  for (const child of children) child.kill("SIGKILL");
});

function keeper(lake: ReturnType<typeof newLake>) {
  const env = { PATH: process.env.PATH, APP_NAME: "lake-keeper", PORT: String(port), LAKES: JSON.stringify([lake]) };
  const child = spawn(process.execPath, [program], {
    env: { ...env, INTERVAL_MS: "50" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, ended, output: () => output };
}

test("whoever reads while rows come in, and while the keeper is killed, sees whole files, each row once, and never one less", async () => {
  const lake = newLake();
  const total = 3000;
  let one = keeper(lake);
  let reading = true;
  let looks = 0;
  const seen: string[] = [];
  const reader = (async () => {
    let before = 0;
    while (reading) {
      const [found] = await rows<{ n: string; ids: string }>(
        `SELECT count(*) AS n, count(DISTINCT id) AS ids FROM read_parquet('${lake.glob}', hive_partitioning = true)`,
      ).catch((error: Error) => {
        if (/No files found/.test(error.message)) return [{ n: "0", ids: "0" }];
        seen.push(error.message);
        return [];
      });
      if (!found) continue;
      looks++;
      if (found.n !== found.ids) seen.push(`${found.n} rows of ${found.ids} keys`);
      if (Number(found.n) < before) seen.push(`${found.n} rows after ${before}`);
      before = Number(found.n);
    }
  })();
  try {
    for (let from = 0; from < total; from += 100) {
      await bring(lake, from % 500 === 0 ? "2026-11-20" : "2026-11-21", orders(from, from + 100));
      if (from % 600 !== 500) continue;
      const had = looks;
      await eventually("the reader looks again", () => looks > had + 1, 20_000);
      one.child.kill("SIGKILL");
      await one.ended;
      one = keeper(lake);
    }
    await eventually(
      "every row is seen",
      async () => (await rows<{ n: string }>(`SELECT count(*) AS n FROM '${lake.glob}'`))[0]?.n === String(total),
      30_000,
    );
  } finally {
    reading = false;
    await reader;
  }
  expect(seen).toEqual([]);
  expect(looks).toBeGreaterThan(20);
  one.child.kill("SIGTERM");
  expect(await one.ended).toBe(0);
}, 90_000);

test("a file that is no Parquet is set aside, said, and holds nothing up", async () => {
  const lake = newLake();
  const good = await bring(lake, "2026-11-21", orders(0, 10));
  writeFileSync(join(dirname(good), "part-bad"), "no Parquet");
  const { child, ended, output } = keeper(lake);
  await eventually("the good rows", async () => (await rows(`SELECT * FROM '${lake.glob}'`)).length === 10, 20_000);
  expect(output()).toMatch(/_unreadable.*is no Parquet: set aside/);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/^lake_unreadable_files_total\{.*\} 1$/m);
  expect(metrics).toMatch(/^lake_rows_total\{.*\} 10$/m);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 60_000);
