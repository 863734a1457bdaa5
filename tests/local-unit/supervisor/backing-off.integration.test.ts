import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pauseBefore, wasHealthy } from "../../../infra/local/supervisor/keep-running";
import { endStacks, eventually, freePort, readMaybe, testStack, webServer } from "./stack";

afterEach(endStacks);

test("pauses double from 0.2 s to 10 s; half a minute of health starts them over", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 50].map(pauseBefore)).toEqual([200, 400, 800, 1600, 3200, 6400, 10000, 10000]);
  expect(
    [undefined, 29_999, 30_000].map((readyForMs) => wasHealthy({ how: "", ...(readyForMs && { readyForMs }) })),
  ).toEqual([false, false, true]);
});

test("one that keeps ending after it was ready is started again after ever longer pauses, until someone asks for it", async () => {
  const { client, root } = testStack();
  const script = `if (require("node:fs").existsSync("broken")) process.exit(3)`;
  const spec = webServer("app", await freePort(), root, `${script}; require("node:fs").writeFileSync("broken", "")`);
  const { pid = 0 } = await client.ensure(spec);
  process.kill(pid, "SIGKILL");
  const log = join(root, "logs", "app.log");
  await eventually("it has ended four times", () => readMaybe(log).includes("exit 3; starts again in 1.6 s"));
  const lines = readFileSync(log, "utf8").matchAll(/^--- (\S+) app (started|ended).*?(?:again in (\S+) s)?$/gm);
  const events = [...lines].map(([, time = "", what, pauseS]) => ({
    at: Date.parse(time),
    what,
    pauseS: Number(pauseS),
  }));
  const pauses = events.flatMap((event, i) => {
    const next = events[i + 1];
    return event.what === "ended" && next ? [{ said: event.pauseS, took: (next.at - event.at) / 1000 }] : [];
  });
  expect(pauses.map(({ said }) => said)).toEqual([0.2, 0.4, 0.8]);
  for (const { said, took } of pauses) expect(took).toBeGreaterThanOrEqual(said - 0.01);

  const [app] = (await client.status()) ?? [];
  expect(app).toMatchObject({ state: "backing-off", lastExit: "exit 3" });
  await expect(client.ensure(spec)).rejects.toThrow("app ended 3 times before it was ready");
});
