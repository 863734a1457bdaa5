import { drill } from "./drill";

/**
 * `npm run drill`: backs a stack of its own up, destroys it, restores it, and prints how long that took and what it cost. Fails above the limits of
 * what a recovery may take.
 */
const limits = { rtoMs: 3_600_000, rpoMs: 300_000 };
const loadMs = 20_000;

async function main(): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const report = await drill({ stack: "drill", portBase: 31000, loadMs, say });
  const rows = [
    [
      "RPO: newest restored commit → disaster",
      `${seconds(report.rpoMs)}, ${report.lostCommits} commits lost`,
      "5 s, limit 5 min",
    ],
    ["RTO: disaster → first new row in a consumer's table", seconds(report.firstRowMs), "5 min, limit 1 h"],
    ["disaster → restored", seconds(report.restoredMs), ""],
    ["disaster → deployed", seconds(report.upMs), ""],
    ["disaster → source and sinks agree", `${seconds(report.agreedMs)}, ${report.compared} events compared`, ""],
    ["base backup", `${seconds(report.backupMs)}, ${(report.backupBytes / 2 ** 20).toFixed(0)} MiB with its log`, ""],
  ];
  const width = Math.max(...rows.map(([what = ""]) => what.length));
  process.stdout.write(
    rows
      .map(([what = "", figure = "", aim]) => `${what.padEnd(width)}  ${figure.padEnd(32)}  ${aim}`.trimEnd())
      .join("\n"),
  );
  process.stdout.write("\n");
  return report.rpoMs > limits.rpoMs || report.agreedMs > limits.rtoMs ? 1 : 0;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
