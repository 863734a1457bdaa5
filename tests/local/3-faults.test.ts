import { readdirSync, readFileSync } from "node:fs";
import { supervisorOf } from "../../infra/local/supervisor/client";
import { changesAdded, compareSourceAndSinks, goOn } from "./support/compare";
import { eventually, millrace, processNamed, root } from "./support/stack";
import { beginAudit } from "./support/truth";

// Also after a comparison that failed: the tests behind it have a right to changes of their own.
afterEach(goOn);

/** Each is killed with −9 while changes come in, and nobody helps: what is kept running must recover by itself. */
const victims = [
  "kafka",
  "connect",
  "registry",
  "flink-jobmanager",
  "flink-taskmanager",
  "postgres",
  "loan-consumer",
  "service-consumer",
  "car-consumer",
];

describe.each(victims)("%s is killed under load", (victim) => {
  test("every event is in the right table exactly once", async () => {
    const since = await beginAudit();
    await changesAdded(100);
    const { pid } = await processNamed(victim);
    process.kill(pid as number, "SIGKILL");
    await eventually(`${victim} runs again`, async () => {
      const now = await processNamed(victim);
      return now.pid !== pid && now.state === "ready";
    });
    await changesAdded(100);
    await compareSourceAndSinks(since, 120_000);
  });
});

test("the job manager is killed under load, and then what makes its jobs ready to go on", async () => {
  const since = await beginAudit();
  await changesAdded(100);
  const { pid } = await processNamed("flink-jobmanager");
  process.kill(pid as number, "SIGKILL");
  const resuming = () => commandLines().find(({ words }) => words.includes("dev.millrace.flink.graph.ResumeJob"));
  const killed = await eventually("a job is made ready to go on", async () => {
    const found = resuming();
    if (found) process.kill(found.pid, "SIGKILL");
    return found !== undefined;
  });
  expect(killed).toBe(true);
  await changesAdded(100);
  await compareSourceAndSinks(since, 120_000);
});

test("the supervisor is killed under load: what it kept runs on, and the next up adopts it", async () => {
  const since = await beginAudit();
  await changesAdded(50);
  const before = await supervisorOf(root).status();
  process.kill(await supervisorPid(), "SIGKILL");
  await changesAdded(100);
  const mended = await millrace("up");
  expect(mended.status).toBe(0);
  const after = await supervisorOf(root).status();
  const pids = (all: typeof before) => Object.fromEntries((all ?? []).map(({ name, pid }) => [name, pid]));
  expect(pids(after)).toEqual(pids(before));
  await compareSourceAndSinks(since);
});

test("everything is killed at once, the supervisor too: npm run up goes on from the data on disk", async () => {
  const since = await beginAudit();
  await changesAdded(100);
  const all = (await supervisorOf(root).status()) ?? [];
  process.kill(await supervisorPid(), "SIGKILL");
  for (const { pid } of all) if (pid) process.kill(pid, "SIGKILL");
  const mended = await millrace("up");
  expect(mended.stderr).toContain("create");
  expect(mended.status).toBe(0);
  await changesAdded(100);
  await compareSourceAndSinks(since, 120_000);
});

async function supervisorPid(): Promise<number> {
  const found = commandLines().find(
    ({ words }) => words.includes(root) && words.some((word) => word.includes("bundles")),
  );
  if (!found) throw new Error("no supervisor runs");
  return found.pid;
}

/** Of all processes of this machine. */
function commandLines(): { pid: number; words: string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [{ pid: Number(pid), words: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
