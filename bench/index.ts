import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { latency } from "./latency";
import { lifecycle } from "./lifecycle";
import { orders } from "./orders";
import { Bench } from "./stack";
import { throughput } from "./throughput";
import { upload } from "./upload";

/**
 * Measures the platform on this machine, with a stack of its own, and prints a table. `npm run bench -- cold` also measures the first `up` of a fresh
 * clone with an empty cache, which takes minutes. Figures of one run on one machine: compare ratios, not runs.
 */
async function main(): Promise<void> {
  const bench = new Bench();
  const rows: (readonly [what: string, figure: string, aim: string])[] = [];
  const note = (what: string, figure: string, aim = "") => {
    rows.push([what, figure, aim]);
    process.stderr.write(`${what}: ${figure}\n`);
  };
  try {
    if (process.argv.includes("cold")) await (await import("./cold")).cold(note);
    await lifecycle(bench, note);
    await latency(bench, note);
    await orders(bench, note);
    await throughput(bench, note);
    await upload(note);
    const since = Date.now();
    await bench.run("down");
    note("down, all data removed", seconds(Date.now() - since), "< 15 s");
  } finally {
    await bench.run("down").catch(() => {});
    rmSync(bench.configFile, { force: true });
  }
  const width = Math.max(...rows.map(([what]) => what.length));
  process.stdout.write(
    `\n${rows.map(([what, figure, aim]) => `${what.padEnd(width)}  ${figure.padEnd(34)}  ${aim}`).join("\n")}\n`,
  );
  const report = join(__dirname, "..", ".millrace", "bench.json");
  writeFileSync(report, JSON.stringify(rows, null, 2));
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

main().catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
