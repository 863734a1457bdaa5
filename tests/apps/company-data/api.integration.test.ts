import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../../apps/company-data/company-ingest/app";
import { env } from "../../../apps/company-data/company-ingest/env";
import { readEnv } from "../../../apps/lib/env";
import { createShutdown } from "../../../apps/lib/shutdown";
import { eventually } from "../../support/eventually";
import { freePort } from "../../support/postgres";
import { testLog } from "../support";

jest.setTimeout(60_000);

/** The API while Kafka and Postgres are away: what it refuses it refuses before it needs them, and what it cannot do it says. */
let folder: string;
let url: string;
let stop: () => Promise<void>;

async function serve(dataDir: string, settings: Record<string, string> = {}) {
  const [port, nobody] = [await freePort(), await freePort()];
  const { log, lines } = testLog();
  let ended: (code: number) => void = () => undefined;
  const end = new Promise<number>((resolve) => {
    ended = resolve;
  });
  const listeners: (() => void)[] = [];
  const shutdown = createShutdown(log, {
    on: (_signal, listener) => listeners.push(listener),
    exit: (code) => ended(code),
  });
  const given = {
    APP_NAME: "company-ingest",
    PORT: String(port),
    KAFKA_BOOTSTRAP: `127.0.0.1:${nobody}`,
    REGISTRY_URL: "http://127.0.0.1:1",
    POSTGRES_URL: `postgresql://nobody@127.0.0.1:${nobody}/nothing`,
    READS_TABLE: "cdc_events,company_data",
    WRITES_TOPIC: "cdc-events",
    DATA_DIR: dataDir,
    MAX_FILE_MIB: "1",
    KAFKA_RETRIES: "0",
    ...settings,
  };
  await start(readEnv(env, given), log, shutdown);
  return {
    url: `http://127.0.0.1:${port}`,
    lines,
    stop: async () => {
      listeners[0]?.();
      expect(await end).toBe(0);
    },
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-api-"));
  ({ url, stop } = await serve(folder));
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});
afterEach(() =>
  eventually(
    "nothing is left of an upload",
    () => readdirSync(join(folder, "incoming")).length === 0 && !existsSync(join(folder, "current")),
  ),
);

interface Sent {
  readonly file?: string | Blob;
  readonly name?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly headers?: Record<string, string>;
}
async function upload({ file = "id\n1\n", name = "acme_people.csv", fields = {}, headers = {} }: Sent, to = url) {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  if (name) form.append("file", new Blob([file]), name);
  const response = await fetch(`${to}/upload`, { method: "POST", body: form, headers });
  const text = await response.text();
  expect(text).not.toMatch(/\bat .*\.ts|node_modules/);
  const body = JSON.parse(text) as { error: string; problems?: { line?: number; message: string }[] };
  return {
    status: response.status,
    headers: response.headers,
    body,
    said: body.problems?.map(({ message }) => message),
  };
}

test.each<[what: string, sent: Sent, said: unknown[]]>([
  [
    "no file",
    { name: "" },
    [
      expect.stringMatching(/^there is no file/),
      expect.stringMatching(/^company_id is missing/),
      expect.stringMatching(/^table_name is missing/),
    ],
  ],
  [
    "a name that says nothing",
    { name: "people.csv" },
    [expect.stringMatching(/^company_id is missing/), expect.stringMatching(/^table_name is missing/)],
  ],
  [
    "a path for a company",
    { fields: { company_id: "../../etc", table_name: "a/b" } },
    [expect.stringMatching(/^company_id is "..\/..\/etc"; allowed/), expect.stringMatching(/^table_name is "a\/b"/)],
  ],
  [
    "a field that there is not",
    { fields: { kompany: "acme" } },
    [expect.stringMatching(/^there is no field "kompany"/)],
  ],
  ["allow_empty that is neither", { fields: { allow_empty: "yes" } }, ['allow_empty is "yes"; allowed: true, false']],
  ["a key column named twice", { fields: { key_columns: "a,a" } }, ["key_columns names a column twice"]],
  ["a field without end", { fields: { key_columns: "x".repeat(5000) } }, ["key_columns is too long"]],
  [
    "ragged rows and keys that are missing, all at once",
    { file: "id,a\n1\n,2\n" },
    ["the row has 1 field, the header has 2", "a key column is empty"],
  ],
])("400 for %s", async (_, sent, said) => {
  const answer = await upload(sent);
  expect(answer).toMatchObject({ status: 400, said });
});

test("413 for a file, and for parts, beyond the limits", async () => {
  expect((await upload({ file: `id\n${"1234567\n".repeat(200_000)}` })).status).toBe(413);
  expect(
    (await upload({ fields: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, "x"])) })).status,
  ).toBe(413);
});

test("415 for other bodies, compressed ones among them", async () => {
  expect((await fetch(`${url}/upload`, { method: "POST", body: "id\n1\n" })).status).toBe(415);
  expect((await upload({ headers: { "content-encoding": "gzip" } })).status).toBe(415);
  expect((await upload({ file: new Blob([Buffer.from("1f8b08000000", "hex")]) })).said).toEqual([
    expect.stringMatching(/^the file is compressed/),
  ]);
});

test("403 for pages of other sites", async () => {
  expect((await upload({ headers: { origin: "https://evil.example" } })).status).toBe(403);
  expect((await upload({ headers: { origin: "null" } })).status).toBe(403);
});

test("503 while Kafka is away, and nothing has happened; health says so", async () => {
  const answer = await upload({});
  expect(answer).toMatchObject({
    status: 503,
    body: { error: "Kafka or Postgres does not answer. Nothing was changed: send the file again later." },
  });
  expect(answer.headers.get("retry-after")).toBe("10");
  expect(await (await fetch(`${url}/health`)).json()).toEqual({
    status: "DEGRADED",
    kafka: "DOWN",
    timestamp: expect.stringMatching(/Z$/),
  });
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect((await fetch(`${url}/health/ready`)).status).toBe(503);
});

test("nothing is left of an upload whose sender goes away", async () => {
  const { port } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  const head =
    'POST /upload HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 100000\r\n\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="acme_people.csv"\r\n\r\nid\n1\n';
  socket.write(head);
  await eventually("the upload has begun", () => readdirSync(join(folder, "incoming")).length === 1);
  socket.destroy();
});

test("the document says what is served", async () => {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: object }>>;
  };
  expect(Object.keys(document.paths)).toEqual([
    "/upload",
    "/uploads/{id}",
    "/companies",
    "/companies/{company}/tables/{table}",
    "/companies/{company}/tables/{table}/versions",
    "/health",
  ]);
  expect(Object.keys(document.paths["/upload"]?.post?.responses ?? {})).toEqual([
    "200",
    "400",
    "403",
    "409",
    "413",
    "415",
    "503",
    "507",
  ]);
  const page = await fetch(url);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
});

const full = (() => {
  const disk = mkdtempSync(join(tmpdir(), "millrace-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], { stdio: "ignore" });
    return disk;
  } catch {
    rmSync(disk, { recursive: true });
    return undefined;
  }
})();
afterAll(() => {
  if (!full) return;
  execFileSync("umount", [full]);
  rmSync(full, { recursive: true });
});

(full ? test : test.skip)(
  `507 when the disk is full, and nothing is left${full ? "" : " (skipped: this user may not mount a small disk)"}`,
  async () => {
    mkdirSync(join(full as string, "data"));
    const other = await serve(join(full as string, "data"));
    const answer = await upload({ file: `id\n${"1234567\n".repeat(60_000)}` }, other.url);
    expect(answer.status).toBe(507);
    expect(readdirSync(join(full as string, "data/incoming"))).toEqual([]);
    await other.stop();
  },
);
