import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load, start, temporaryFolder, toolUrl } from "./support";

const folder = temporaryFolder();
const lock = load("lock", folder);

/** Takes the lock, says so, and keeps it until its standard input ends. */
const holder = (path: string) => `
  import { withLock } from ${JSON.stringify(toolUrl("lock"))};
  await withLock(${JSON.stringify(path)}, async () => {
    console.log("held");
    await new Promise((resolve) => process.stdin.on("end", resolve).resume());
  });
  process.exit(0);`;

test("a living holder is waited for", async () => {
  const path = join(folder, "living");
  const other = start(holder(path));
  await other.said("held");
  expect(lock.tryLock(path)).toBe(false);
  other.process.stdin?.end();
  await lock.withLock(path, async () =>
    expect(JSON.parse(readFileSync(path, "utf8")).processes[0].pid).toBe(process.pid),
  );
  expect(lock.tryLock(path)).toBe(true);
  await other.ended;
});

test("a holder that was killed is pushed aside", async () => {
  const path = join(folder, "killed");
  const other = start(holder(path));
  await other.said("held");
  other.process.kill("SIGKILL");
  expect(await other.ended).toBe("SIGKILL");
  expect(lock.tryLock(path)).toBe(true);
});

test("another process that was given the holder's id is not taken for it", () => {
  const path = join(folder, "reused");
  const write = (started: string) =>
    writeFileSync(path, JSON.stringify({ processes: [{ pid: process.pid, started }] }));
  write(lock.startOf(process.pid));
  expect(lock.tryLock(path)).toBe(false);
  write("1");
  expect(lock.tryLock(path)).toBe(true);
});

test("a child that outlives a killed holder keeps the lock until it ends", async () => {
  const path = join(folder, "orphan");
  const other = start(`
    import { spawn } from "node:child_process";
    import { withLock } from ${JSON.stringify(toolUrl("lock"))};
    await withLock(${JSON.stringify(path)}, async (alsoHeldBy) => {
      const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"], detached: true });
      alsoHeldBy(child.pid);
      console.log("child");
      await new Promise(() => setInterval(() => {}, 1000));
    });`);
  await other.said("child");
  const child = JSON.parse(readFileSync(path, "utf8")).processes[1].pid;
  process.kill(child, "SIGSTOP");
  other.process.kill("SIGKILL");
  await other.ended;
  expect(lock.tryLock(path)).toBe(false);
  process.kill(child, "SIGKILL");
  await lock.withLock(path, async () => {});
});

test("of many that find a dead holder at once, one at a time gets the lock", async () => {
  const path = join(folder, "contended");
  const journal = join(folder, "journal");
  const dead = JSON.stringify({ processes: [{ pid: process.pid, started: "1" }] });
  writeFileSync(path, dead);
  // Each holder leaves the lock as one that died does, so that every taking is a pushing aside.
  const code = `
    import { appendFileSync, renameSync, writeFileSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { tryLock } from ${JSON.stringify(toolUrl("lock"))};
    for (let round = 0; round < 25; round++) {
      while (!tryLock(${JSON.stringify(path)})) await delay(Math.random());
      appendFileSync(${JSON.stringify(journal)}, "in\\n");
      await delay(2);
      appendFileSync(${JSON.stringify(journal)}, "out\\n");
      writeFileSync(${JSON.stringify(join(folder, "dead-"))} + process.pid, ${JSON.stringify(dead)});
      renameSync(${JSON.stringify(join(folder, "dead-"))} + process.pid, ${JSON.stringify(path)});
    }`;
  const contenders = Array.from({ length: 4 }, () => start(code));
  await Promise.all(contenders.map((contender) => contender.ended));
  expect(readFileSync(journal, "utf8")).toBe("in\nout\n".repeat(100));
}, 30_000);
