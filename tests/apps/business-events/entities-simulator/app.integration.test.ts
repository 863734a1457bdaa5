import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { Client } from "pg";
import { eventually } from "../../../support/eventually";
import { type FreshDatabase, freePort, startPostgres, type TestPostgres } from "../../../support/postgres";

/** The app as it is run: one file of JavaScript, a process, signals. */
const folder = mkdtempSync(join(tmpdir(), "millrace-app-"));
const program = join(folder, "app.cjs");
let postgres: TestPostgres;
let database: FreshDatabase;
let port: number;
const children: ChildProcess[] = [];

beforeAll(async () => {
  buildSync({
    entryPoints: [join(__dirname, "../../../../apps/business-events/entities-simulator/server.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "error",
  });
  postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
  await postgres.stop();
});
beforeEach(async () => {
  await postgres.start();
  database = await postgres.freshDatabase("entities");
  port = await freePort();
});
afterEach(() => database.drop());

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: string[];
}

function simulate(settings: Record<string, string>): Run {
  const env = {
    PATH: process.env.PATH,
    APP_NAME: "entities-simulator",
    PORT: String(port),
    POSTGRES_URL: database.url,
  };
  const child = spawn(process.execPath, [program], { env: { ...env, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => output.push(String(chunk)));
  return { child, output, ended: new Promise((resolve) => child.once("exit", resolve)) };
}
const get = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.text() };
};
const changes = async () => Number(/^changes_total\{.*\} (\d+)/m.exec((await get("/metrics")).body)?.[1] ?? 0);

/** All that it did, but for the times. */
async function dump(): Promise<string> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT (to_jsonb(t) - '{created_at,updated_at,completed_at,scheduled_on}'::text[])::text AS row FROM (
         SELECT car_id AS id, to_jsonb(c) AS whole FROM car_entities c UNION ALL
         SELECT loan_id, to_jsonb(l) FROM loan_entities l UNION ALL
         SELECT service_id, to_jsonb(s) FROM service_record s) u,
       LATERAL (SELECT u.whole - '{created_at,updated_at,completed_at,scheduled_on}'::text[] AS data) t ORDER BY id`,
    );
    return rows.map(({ row }) => row).join("\n");
  } finally {
    await client.end();
  }
}

test("it makes exactly so many changes, the same for the same seed, stays ready, and ends cleanly on SIGTERM", async () => {
  const dumps: string[] = [];
  for (let i = 0; i < 2; i++) {
    const { child, ended, output } = simulate({ CHANGES_PER_SECOND: "2000", MAX_CHANGES: "500", SEED: "42" });
    await eventually("500 changes", async () => (await changes()) >= 500, 30_000);
    expect(await changes()).toBe(500);
    expect((await get("/health/ready")).body).toBe('{"status":"ok","dependencies":{"postgres":"ok","changes":"ok"}}');
    dumps.push(await dump());
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    for (const line of output.join("").trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ app: "entities-simulator" });
    await database.drop();
    database = await postgres.freshDatabase("entities");
  }
  expect(dumps[0]?.split("\n").length).toBeGreaterThan(100);
  expect(dumps[1]).toBe(dumps[0]);
}, 90_000);

test("Postgres crashes and comes back: it says so, waits, and goes on", async () => {
  const { child, ended } = simulate({ CHANGES_PER_SECOND: "200" });
  await eventually("changes", async () => (await changes()) > 50, 30_000);
  await postgres.crash();
  await eventually("not ready", async () => (await get("/health/ready")).status === 503);
  expect((await get("/health/live")).status).toBe(200);
  const before = await changes();
  await postgres.start();
  await eventually("more changes", async () => (await changes()) > before + 50, 30_000);
  await eventually("ready", async () => (await get("/health/ready")).status === 200);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 90_000);

test("SIGTERM while Postgres is away ends it at once", async () => {
  const { child, ended } = simulate({ POSTGRES_URL: `postgresql://u@127.0.0.1:${await freePort()}/d` });
  await eventually(
    "it says that Postgres is away",
    async () => /ECONNREFUSED/.test((await get("/health/ready")).body),
    30_000,
  );
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 60_000);

test("wrong settings end it with status 2 and a list, without a stack", async () => {
  const { ended, output } = simulate({ PORT: "http", SEED: "x", POSTGRES_URL: "postgresql://u:S3cret@h:1/d" });
  expect(await ended).toBe(2);
  expect(output.join("")).toMatch(/PORT: [\s\S]*POSTGRES_URL: [\s\S]*SEED: /);
  expect(output.join("")).not.toMatch(/S3cret|^\s+at /m);
});
