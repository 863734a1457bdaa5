import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./provider";

/** A stack that has never run: no supervisor answers, and none is started by a preview. */
const root = mkdtempSync(join(tmpdir(), "millrace-check-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
});

/** Listens where no other does. */
async function listen(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
  return (server.address() as { port: number }).port;
}

const spec = (ports: readonly number[]) => ({
  root,
  spec: { name: "kafka", command: ["true"], env: {}, files: {}, ports, ready: { tcp: ports[0] ?? 1 } },
});

test.each(["127.0.0.1", "0.0.0.0"])(
  "a port that is taken on %s is refused, with the process that holds it",
  async (host) => {
    const port = await listen(host);
    const [[property, reason] = ["", ""], ...others] = await check("Process", undefined, spec([port]));
    expect(property).toBe("spec.ports");
    expect(reason).toContain(`Port ${port} of kafka is in use by process ${process.pid} (`);
    expect(reason).toContain("node");
    expect(reason).toContain("millrace:portBase");
    expect(others).toEqual([]);
  },
);

test("every port that is taken is told, and those that are free are not", async () => {
  const [one, two] = [await listen("127.0.0.1"), await listen("127.0.0.1")];
  const free = await listen("127.0.0.1");
  await new Promise((closed) => servers.pop()?.close(closed));
  const failures = await check("Process", undefined, spec([one, free, two]));
  expect(failures.map(([, reason]) => /Port (\d+)/.exec(reason)?.[1])).toEqual([String(one), String(two)]);
});

test("ports that will be known later are not looked at", async () => {
  expect(await check("Process", undefined, { root, spec: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" })).toEqual([]);
});
