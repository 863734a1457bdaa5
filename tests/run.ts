import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * All tests: what can be read off the sources, the unit tests, those that start processes of their own, and the real platform end to end. With
 * `--unit` only the first two, with `--kubernetes` only those of that target. Last line: `N passed, N failed, N skipped`.
 */
const root = join(__dirname, "..");
const kubernetesOnly = process.argv.includes("--kubernetes");
const unitOnly = process.argv.includes("--unit");
const bin = (name: string) => join(root, "node_modules", ".bin", name);

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

async function main(): Promise<void> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  if (kubernetesOnly) await kubernetes(total);
  else await all(total);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  process.exit(total.failed > 0 ? 1 : 0);
}

async function all(total: Counts): Promise<void> {
  await counted("types", () => tool(bin("tsc"), ["--noEmit"]), total);
  await counted("format and lint", () => tool(bin("biome"), ["check", "."]), total);
  // Nothing waits for anything: every processor is of use.
  await jest("unit tests", ["--selectProjects", "unit", "--maxWorkers=100%"], total);
  if (unitOnly) return;
  await jest("integration tests: real processes", ["--selectProjects", "integration"], total);
  await kubernetes(total);
  await jest("end to end, on the real platform", ["--runInBand", "--config", "tests/local/jest.config.js"], total);
}

const kubernetes = (total: Counts) =>
  jest("Kubernetes: the real API server", ["--runInBand", "--config", "tests/kubernetes/jest.config.js"], total);

/** One check that passes or fails as a whole. */
async function counted(what: string, check: () => Promise<number>, total: Counts): Promise<void> {
  say(what);
  if ((await check()) === 0) total.passed++;
  else total.failed++;
}

async function jest(what: string, args: readonly string[], total: Counts): Promise<void> {
  say(what);
  const folder = mkdtempSync(join(tmpdir(), "millrace-jest-"));
  const report = join(folder, "report.json");
  const status = await tool(
    bin("jest"),
    ["--verbose", "--json", `--outputFile=${report}`, "--passWithNoTests", ...args],
    true,
  );
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    total.passed += numPassedTests;
    total.failed += numFailedTests + numRuntimeErrorTestSuites;
    total.skipped += numPendingTests;
    if (status !== 0 && numFailedTests + numRuntimeErrorTestSuites === 0) total.failed++;
  } catch {
    total.failed++;
  }
  rmSync(folder, { recursive: true, force: true });
}

const since = Date.now();
const say = (what: string) =>
  process.stdout.write(`\n── ${what} (${((Date.now() - since) / 60_000).toFixed(1)} min)\n`);

/** @param quietOutput drops standard output, which holds a report that is read from a file */
function tool(command: string, args: readonly string[], quietOutput = false): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", quietOutput ? "ignore" : "inherit", "inherit"] });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

void main();
