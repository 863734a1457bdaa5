import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { freePort } from "../../../support/postgres";

/** The app as it is run: one file of JavaScript, a process. */
const app = join(__dirname, "../../../../apps/food-orders/order-poller");
const yaml = readFileSync(join(app, "order-poller.yaml"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "millrace-app-"));
const program = join(folder, "app.cjs");

beforeAll(() => {
  const how = { bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "error" } as const;
  buildSync({ entryPoints: [join(app, "server.ts")], outfile: program, ...how });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(settings: Record<string, string>): Promise<{ status: number | null; output: string }> {
  const away = await freePort();
  const env = {
    PATH: process.env.PATH,
    APP_NAME: "order-poller",
    PORT: String(await freePort()),
    POSTGRES_URL: `postgresql://u@127.0.0.1:${away}/food`,
    KAFKA_BOOTSTRAP: `127.0.0.1:${away}`,
    REGISTRY_URL: `http://127.0.0.1:${away}`,
    READS_TABLE: "food_orders",
    WRITES_TOPIC: "food_orders_raw",
    SETTINGS_YAML: yaml,
    STATE_FOLDER: folder,
  };
  const child = spawn(process.execPath, [program], { env: { ...env, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, output })));
}

test("with a cursor that is broken it does not start, and never from the first row by itself", async () => {
  const file = join(folder, "order-poller.json");
  writeFileSync(file, '{"version":1,"cursor":"2026-11-');
  const { status, output } = await run({});
  expect(status).toBe(1);
  expect(output).toMatch(
    /It is no JSON[\s\S]*Put a copy of it back[\s\S]*remove it: the table is then read from its first row/,
  );
  expect(output).not.toMatch(/\\n +at /);
  expect(readFileSync(file, "utf8")).toBe('{"version":1,"cursor":"2026-11-');
  rmSync(file);
});

test("with settings that are wrong it does not start, and says what is allowed", async () => {
  const { status, output } = await run({ SETTINGS_YAML: yaml.replace("5 seconds", "often") });
  expect(status).toBe(1);
  expect(output).toMatch(/order-poller.yaml {2}pollInterval: It is wrong/);
  expect(output).not.toMatch(/\\n +at /);
  const missing = await run({ SETTINGS_YAML: "", STATE_FOLDER: "state" });
  expect(missing.status).toBe(2);
  expect(missing.output).toMatch(/SETTINGS_YAML: It is not set[\s\S]*STATE_FOLDER: It is wrong/);
});
