import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isAlive } from "../../../infra/local/supervisor/process-table";
import type { ProcessSpec } from "../../../infra/local/supervisor/protocol";
import { endStacks, eventually, freePort, processesOf, readMaybe, supervisorPid, testStack, webServer } from "./stack";

afterEach(endStacks);

/** Counts its runs outside of the folder, as that is wiped. */
async function prepared(root: string, script: string): Promise<ProcessSpec> {
  const count = join(root, "..", "runs");
  const command = ["/bin/sh", "-c", `echo run >> ${count}; cat conf; ${script}`];
  const env = { GREETING: "hello" };
  return { ...webServer("app", await freePort(), root), files: { conf: "configured" }, prepare: { command, env } };
}

const runs = (root: string) => readMaybe(join(root, "..", "runs")).split("\n").length - 1;

test("runs once, with the files there and its own environment, and never again while the data is there", async () => {
  const { client, root } = testStack();
  const spec = await prepared(root, 'echo "$GREETING" > data');
  await client.ensure(spec);
  await client.ensure({ ...spec, env: { CHANGED: "1" } });
  await client.shutdown();
  await client.ensure(spec);
  expect(runs(root)).toBe(1);
  expect(readFileSync(join(root, "app", "data"), "utf8")).toBe("hello\n");
  expect(readFileSync(join(root, "logs", "app.log"), "utf8")).toContain("configured");
});

test("interrupted with its supervisor, it is ended, its folder wiped, and it runs again", async () => {
  const { client, root } = testStack();
  const go = join(root, "..", "go");
  const spec = await prepared(
    root,
    `test ! -e half || exit 9; touch half; while test ! -e ${go}; do sleep 0.05; done; touch whole`,
  );
  const waiting = client.ensure(spec).catch((error) => error);
  await eventually("the preparation is half done", () => existsSync(join(root, "app", "half")));
  const preparation = processesOf(root).find((line) => line.includes("/bin/sh"));
  const former = identify(Number.parseInt(preparation ?? "", 10));
  writeFileSync(join(root, "app", "rubbish"), "");
  process.kill(supervisorPid(root), "SIGKILL");
  // The client sees its supervisor go and asks the next one, without being told to.
  await eventually("the preparation runs again", () => runs(root) === 2);
  expect(former !== undefined && isAlive(former)).toBe(false);
  writeFileSync(go, "");
  expect(await waiting).toMatchObject({ state: "ready" });
  expect([existsSync(join(root, "app", "whole")), existsSync(join(root, "app", "rubbish"))]).toEqual([true, false]);
});

test("interrupted, a repeatable one runs again on what it left", async () => {
  const { client, root } = testStack();
  const { prepare, ...spec } = await prepared(root, "test -e half || { touch half; exit 1; }");
  const { state } = await client.ensure({ ...spec, prepare: { command: [], ...prepare, repeatable: true } });
  expect(state).toBe("ready");
  expect(runs(root)).toBe(2);
  expect(existsSync(join(root, "app", "half"))).toBe(true);
});

test("a failing one is tried three times from nothing, then told", async () => {
  const { client, root } = testStack();
  const spec = await prepared(root, "test ! -e rest || echo not wiped; touch rest; echo no space left; exit 5");
  const error: Error = await client.ensure(spec).then(
    () => new Error("it became ready"),
    (reason) => reason,
  );
  expect(error.message).toMatch(/app ended 3 times before it was ready, the last time with: preparation: exit 5/);
  expect(error.message).toContain("no space left");
  expect(error.message).not.toContain("not wiped");
  expect(runs(root)).toBe(3);
});

test("a folder removed by hand is prepared anew; one with data from before there was a preparation is not wiped", async () => {
  const { client, root } = testStack();
  const spec = await prepared(root, "touch data");
  await client.ensure(spec);
  await client.shutdown();
  rmSync(join(root, "app"), { recursive: true });
  await client.ensure(spec);
  expect(runs(root)).toBe(2);

  const plain = webServer("plain", await freePort(), root, `require("node:fs").writeFileSync("mine", "")`);
  await client.ensure(plain);
  await client.ensure({ ...plain, prepare: { command: ["/bin/sh", "-c", "ls"] } });
  expect(existsSync(join(root, "plain", "mine"))).toBe(true);
});
