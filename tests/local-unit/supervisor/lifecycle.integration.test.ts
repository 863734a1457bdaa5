import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../infra/plan/problems";
import {
  endStacks,
  eventually,
  filesBelow,
  freePort,
  processesOf,
  readMaybe,
  readyAgain,
  testStack,
  webServer,
} from "./stack";

afterEach(endStacks);

const append = (file: string, text: string) =>
  `require("node:fs").appendFileSync(${JSON.stringify(file)}, ${text} + "\\n")`;

test("processes start in the order asked for, each ready before ensure resolves", async () => {
  const { client, root } = testStack();
  expect(await client.status()).toBeUndefined();
  const said: string[] = [];
  for (const name of ["first", "second"]) {
    const port = await freePort();
    const status = await client.ensure(webServer(name, port, root), (line) => said.push(line));
    expect(status).toMatchObject({ name, state: "ready", restarts: 0, ports: [port] });
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe(`ok ${status.pid}`);
  }
  const [first, second] = (await client.status()) ?? [];
  expect([first?.name, second?.name]).toEqual(["first", "second"]);
  expect(first?.startedAt).toBeLessThan(second?.startedAt ?? 0);
  expect(first?.rssBytes).toBeGreaterThan(5_000_000);
  expect(said.join("\n")).toMatch(/first: started \(pid \d+\)\nfirst: ready after \d+ ms\nsecond: started/);
});

test("the same spec is a no-op; another one restarts the process in place and keeps its data", async () => {
  const { client, root } = testStack();
  const port = await freePort();
  const spec = webServer("app", port, root, append("starts", "process.env.COLOUR"));
  const one = await client.ensure({ ...spec, env: { COLOUR: "red" }, files: { "conf/a.txt": "1" } });
  expect((await client.ensure({ ...spec, env: { COLOUR: "red" }, files: { "conf/a.txt": "1" } })).pid).toBe(one.pid);
  const two = await client.ensure({ ...spec, env: { COLOUR: "blue" }, files: { "conf/a.txt": "2" } });
  expect(two.pid).not.toBe(one.pid);
  expect(two.restarts).toBe(0);
  expect(readFileSync(join(root, "app", "starts"), "utf8")).toBe("red\nblue\n");
  expect(readFileSync(join(root, "app", "conf/a.txt"), "utf8")).toBe("2");
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toHaveLength(1);
});

test("the environment is what the spec says, and little more", async () => {
  const { client, root } = testStack();
  const script = `require("node:fs").writeFileSync("env.json", JSON.stringify(process.env))`;
  await client.ensure({ ...webServer("app", await freePort(), root, script), env: { MINE: "1" } });
  const env = JSON.parse(readFileSync(join(root, "app", "env.json"), "utf8"));
  expect(env).toMatchObject({ MINE: "1", HOME: join(root, "app"), TZ: "UTC", PATH: process.env.PATH });
  const others = Object.keys(env).filter((key) => !["MINE", "HOME", "TZ", "PATH", "LANG", "PWD"].includes(key));
  expect(others).toEqual([]);
});

test("a killed process comes back, with a new pid and the reason", async () => {
  const { client, root } = testStack();
  const { pid = 0 } = await client.ensure(webServer("app", await freePort(), root));
  process.kill(pid, "SIGKILL");
  expect(await readyAgain(client, "app", pid)).toMatchObject({ restarts: 1, lastExit: "SIGKILL" });
  expect(readFileSync(join(root, "logs", "app.log"), "utf8")).toMatch(/app ended: SIGKILL; starts again in 0\.2 s/);
});

test("restart stops and starts it; of an unknown one it says which there are", async () => {
  const { client, root } = testStack();
  const before = await client.ensure(webServer("app", await freePort(), root));
  const after = await client.restart("app");
  expect(after).toMatchObject({ state: "ready", restarts: 0 });
  expect(after.pid).not.toBe(before.pid);
  await expect(client.restart("ap")).rejects.toThrow('There is no process "ap" in this stack; there are: app.');
});

test("one that ends three times is given up with its last lines, and can be tried again", async () => {
  const { client, root } = testStack();
  await client.ensure(webServer("other", await freePort(), root));
  const port = await freePort();
  const script = `if (!require("node:fs").existsSync("fixed")) { console.error("no disk " + process.env.PASSWORD); process.exit(7) }`;
  const spec = { ...webServer("app", port, root, script), env: { PASSWORD: "hunter22" } };
  const error: Error = await client.ensure(spec).then(
    () => new Error("it became ready"),
    (reason) => reason,
  );
  expect(error.message).toMatch(/^app ended 3 times before it was ready, the last time with: exit 7\./);
  expect(error.message.match(/no disk \*\*\*/g)).toHaveLength(3);
  expect(error.message).not.toContain("hunter22");
  const app = (await client.status())?.find(({ name }) => name === "app");
  expect(app).toMatchObject({ state: "stopped", lastExit: "exit 7" });
  const again = await client.ensure({ ...spec, files: { fixed: "" } });
  expect(again.state).toBe("ready");
});

test("one that is not ready in time is given up and leaves nothing running", async () => {
  const { client, root } = testStack();
  const spec = { ...webServer("app", await freePort(), root), readyTimeoutMs: 600 };
  const port = await freePort();
  await expect(client.ensure({ ...spec, ready: { tcp: port } })).rejects.toThrow(
    `app was not ready within 0.6 s: nothing accepts connections on 127.0.0.1:${port}`,
  );
  // It was the only one, so the supervisor went too.
  await eventually("nothing runs", () => processesOf(root).length === 0);
  expect(await client.status()).toBeUndefined();
});

test("a program that does not exist is told as such", async () => {
  const { client, root } = testStack();
  const spec = { ...webServer("app", await freePort(), root), command: ["/no/such/program"] };
  await expect(client.ensure(spec)).rejects.toThrow(/exit 127[\s\S]*\/no\/such\/program: not found/);
});

test("a port in use names its holder, before anything is started", async () => {
  const { client, root } = testStack();
  const port = await freePort();
  const holder = await client.ensure(webServer("holder", port, root));
  const error: Error = await client.ensure(webServer("app", port, root)).then(
    () => new Error("it started"),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toContain(
    `port ${port} of app is in use by pid ${holder.pid} (${process.execPath} -e const port`,
  );
  expect(existsSync(join(root, "app"))).toBe(false);
});

test("everything wrong with a spec is told at once", async () => {
  const { client, root } = testStack();
  const wrong = { ...webServer("logs", 70000, root), command: [], files: { "../x": "" } };
  const error: UserError = await client.ensure(wrong).then(
    () => new Error("it started"),
    (reason) => reason,
  );
  expect(error.problems.map(({ path }) => path)).toEqual(
    ["name", "command", "files", "ports"].map((part) => `logs › ${part}`),
  );
  expect(await client.status()).toBeUndefined();
});

test("a process that ignores its stop signal is killed after the time given", async () => {
  const { client, root } = testStack();
  const script = `process.on("SIGTERM", () => console.log("not me"))`;
  await client.ensure({ ...webServer("app", await freePort(), root, script), stop: { timeoutMs: 300 } });
  await client.remove("app");
  expect(processesOf(root).filter((line) => line.includes("createServer"))).toEqual([]);
  expect(readFileSync(join(root, "logs", "app.log"), "utf8")).toMatch(
    /not me\n.*did not stop within 0\.3 s of SIGTERM: killed/,
  );
});

test("remove leaves nothing but logs; data stays where asked", async () => {
  const { client, root } = testStack();
  const prepare = { command: ["/bin/sh", "-c", "echo 1 > data"] };
  for (const name of ["app", "store"]) await client.ensure({ ...webServer(name, await freePort(), root), prepare });
  await client.remove("store", { keepData: true });
  expect(readMaybe(join(root, "store", "data"))).toBe("1\n");
  await client.remove("store");
  await client.remove("app");
  expect(filesBelow(root).map((path) => path.slice(root.length))).toEqual([
    "/logs/app.log",
    "/logs/store.log",
    "/logs/supervisor.log",
  ]);
  await eventually("the supervisor ends", () => processesOf(root).length === 0);
  await client.remove("app");
  expect(await client.status()).toBeUndefined();
});

test("shutdown goes in reverse order, together where nothing depends on it, and keeps data", async () => {
  const { client, root } = testStack();
  const tell = join(root, "..", "told");
  const slowly = (name: string) =>
    `process.on("SIGTERM", () => { ${append(tell, `"${name} stops"`)}; setTimeout(() => { ${append(tell, `"${name} ends"`)}; process.exit() }, 300) })`;
  const spec = async (name: string) => webServer(name, await freePort(), root, slowly(name));
  await client.ensure(await spec("base"));
  await Promise.all([client.ensure(await spec("left")), client.ensure(await spec("right"))]);
  await client.shutdown();
  const told = readFileSync(tell, "utf8").trim().split("\n");
  expect(told.slice(0, 2).sort()).toEqual(["left stops", "right stops"]);
  expect(told.slice(2, 4).sort()).toEqual(["left ends", "right ends"]);
  expect(told.slice(4)).toEqual(["base stops", "base ends"]);
  expect(existsSync(join(root, "run"))).toBe(false);
  expect(existsSync(join(root, "base"))).toBe(true);
});

test("removed while someone waits for it to be ready: they are told, and it is gone", async () => {
  const { client, root } = testStack();
  const never = { ...webServer("app", await freePort(), root), ready: { tcp: await freePort() } };
  let started = false;
  const waiting = client.ensure(never, (line) => {
    started ||= line.includes("started");
  });
  const told = expect(waiting).rejects.toThrow("app was stopped, removed or given another spec before it was ready.");
  await eventually("app starts", () => started);
  await client.remove("app");
  await told;
});

test("a file that marks a running process does not outlive it", async () => {
  const { client, root } = testStack();
  const script = `if (require("node:fs").existsSync("lock/pid")) process.exit(1); require("node:fs").writeFileSync("lock/pid", "")`;
  const spec = {
    ...webServer("app", await freePort(), root, script),
    files: { "lock/readme": "" },
    pidFiles: ["lock/pid"],
  };
  const { pid = 0 } = await client.ensure(spec);
  process.kill(pid, "SIGKILL");
  expect(await readyAgain(client, "app", pid)).toMatchObject({ restarts: 1 });
});
