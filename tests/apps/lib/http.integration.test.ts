import { Counter } from "prom-client";
import { type Check, createHttp, type HttpArgs } from "../../../apps/lib/http";
import { createMetrics } from "../../../apps/lib/metrics";
import { testLog } from "../support";

const { log, lines } = testLog();
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

/** Listens, and gives a function that asks it. */
async function serve(checks: Record<string, Check>, rest: Partial<HttpArgs> = {}, routes?: (app: App) => void) {
  const app = createHttp({ log, checks, metrics: createMetrics("test-app"), ...rest });
  routes?.(app);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  open.push(app);
  return async (path: string, body?: object): Promise<Answer> => {
    const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(url + path, body ? post : {});
    return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
  };
}
type App = ReturnType<typeof createHttp>;

test("live says nothing of dependencies", async () => {
  const ask = await serve({ postgres: () => "away" });
  expect((await ask("/health/live")).status).toBe(200);
});

test("ready names each dependency's state, and is 503 while one is down", async () => {
  let postgres: string | undefined;
  const ask = await serve({
    kafka: () => undefined,
    postgres: async () => {
      if (postgres) throw new Error(postgres);
      return undefined;
    },
  });
  const ready = async () => {
    const { status, body } = await ask("/health/ready");
    return [status, JSON.parse(body)];
  };
  expect(await ready()).toEqual([200, { status: "ok", dependencies: { kafka: "ok", postgres: "ok" } }]);
  postgres = "connect ECONNREFUSED";
  expect(await ready()).toEqual([
    503,
    { status: "unavailable", dependencies: { kafka: "ok", postgres: "connect ECONNREFUSED" } },
  ]);
  postgres = undefined;
  expect((await ready())[0]).toBe(200);
});

test("checks that do not answer count as down, all after the same 2 s", async () => {
  const since = Date.now();
  const never = () => new Promise<undefined>(() => undefined);
  const ask = await serve({ one: never, two: never, three: never });
  const late = "no answer within 2 s";
  expect(JSON.parse((await ask("/health/ready")).body).dependencies).toEqual({ one: late, two: late, three: late });
  expect(Date.now() - since).toBeLessThan(4000);
});

test("metrics are in Prometheus' text, each with the app's name", async () => {
  const metrics = createMetrics("test-app");
  new Counter({ name: "things_total", help: "Things", registers: [metrics] }).inc(3);
  const { type, body } = await (await serve({}, { metrics }))("/metrics");
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toContain('things_total{app="test-app"} 3');
  expect(body).toContain("process_cpu_seconds_total");
});

test("an app with an API shows its document, another has none", async () => {
  expect((await (await serve({}))("/openapi.json")).status).toBe(404);
  const ask = await serve({}, { openapi: () => ({ openapi: "3.1.0" }) });
  expect(JSON.parse((await ask("/openapi.json")).body)).toEqual({ openapi: "3.1.0" });
});

test("a body over the limit is 413; what is ours to mend is logged with its stack and not shown", async () => {
  const ask = await serve({}, { bodyLimit: 10 }, (app) => {
    app.post("/things", () => {
      throw new Error("secret detail");
    });
  });
  expect((await ask("/things", { long: "far too long" })).status).toBe(413);
  expect(await ask("/things", {})).toMatchObject({ status: 500, body: '{"error":"internal error"}' });
  expect(lines.at(-1)).toMatchObject({ level: "error", url: "/things", error: expect.stringContaining("at ") });
});
