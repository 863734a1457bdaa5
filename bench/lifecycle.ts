import { supervisorOf } from "../infra/local/supervisor/client";
import { seconds } from ".";
import type { Bench, Note } from "./stack";

/** Commands, with a warm cache: from nothing to rows, nothing to do, and memory when all runs. */
export async function lifecycle(bench: Bench, note: Note): Promise<void> {
  const timed = async (command: string) => {
    const since = Date.now();
    await bench.run(command);
    return Date.now() - since;
  };
  // As stack dev is: a few changes a second.
  bench.configure();
  // The first makes what the cache lacks (class-data archives); it does not count.
  await bench.run("up");
  await bench.run("down");
  note("up from nothing to rows in the tables, warm cache", seconds(await timed("up")), "< 20 s");
  note("up with nothing to change", seconds(await timed("up")), "< 5 s");
  note("preview", seconds(await timed("preview")), "< 5 s");
  await bench.readOutputs();
  const processes = (await supervisorOf(bench.root).status()) ?? [];
  const total = processes.reduce((sum, { rssBytes = 0 }) => sum + rssBytes, 0);
  for (const { name, rssBytes = 0 } of processes)
    process.stderr.write(`  ${name.padEnd(20)} ${Math.round(rssBytes / 2 ** 20)} MiB\n`);
  note(
    "resident memory of the whole platform",
    `${(total / 2 ** 30).toFixed(2)} GiB in ${processes.length} processes`,
    "< 4 GiB",
  );
}
