import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { chromium } from "playwright-core";
import { compare } from "../../apps/company-data/company-ingest/detect";
import { createPublisher } from "../../apps/company-data/company-ingest/publish";
import { type Pending, Versions } from "../../apps/company-data/company-ingest/versions";
import { createKafka } from "../../apps/lib/kafka";
import { dataFolder } from "../../infra/local/app";
import { testLog } from "../apps/support";
import { eventually, outputs, processNamed, query, root } from "./support/stack";

/** Companies' files through the deployed platform: upload, Kafka, history, Parquet, the page. */
type Row = Readonly<Record<string, string | null>>;

const ingest = () => (outputs() as unknown as { apps: Record<string, string> }).apps["company-ingest"] as string;
const csv = (rows: readonly Row[]) => {
  const columns = Object.keys(rows[0] ?? {});
  const field = (value: string | null | undefined) =>
    value === null || value === undefined ? "" : `"${value.replaceAll('"', '""')}"`;
  return [columns, ...rows.map((row) => columns.map((name) => row[name]))]
    .map((cells) => `${cells.map(field).join(",")}\n`)
    .join("");
};

async function upload(company: string, content: string, fields: Readonly<Record<string, string>> = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", new Blob([content]), `${company}_people.csv`);
  const response = await fetch(`${ingest()}/upload`, { method: "POST", body: form });
  return { status: response.status, body: (await response.json()) as Record<string, string | number> };
}

const events = (company: string) =>
  query<{ event_id: string; version: number; row_key: string; after: Row | null }>(
    "company_data",
    "SELECT event_id, version, row_key, after FROM cdc_events WHERE company_id = $1 ORDER BY version, row_key",
    [company],
  );
const stored = (company: string, count: number, limitMs?: number) =>
  eventually(
    `${count} changes of ${company}`,
    async () => {
      const found = await events(company);
      if (found.length !== count) throw new Error(`there are ${found.length}`);
      return found;
    },
    limitMs,
  );

/** The table at the time when a version became valid. */
async function asOf(company: string, version: number): Promise<Row[]> {
  const rows = await query<{ data: Row }>(
    "company_data",
    `SELECT data FROM company_data_as_of($1, 'people', (SELECT max(changed_at) FROM cdc_events WHERE company_id = $1 AND version = $2)) ORDER BY row_key`,
    [company, version],
  );
  return rows.map(({ data }) => data);
}

test("each version is there as of its upload, in Postgres and in Parquet; the same file again is no change", async () => {
  const versions: Row[][] = [
    [
      { id: "1", name: 'Asha "A" Rao', city: null },
      { id: "2", name: "", city: "Pune\nIndia" },
    ],
    [
      { id: "1", name: 'Asha "A" Rao', city: "Goa" },
      { id: "3", name: "Zoë", city: "a,b" },
    ],
    [
      { id: "1", name: 'Asha "A" Rao', city: null },
      { id: "2", name: "", city: "Pune\nIndia" },
    ],
  ];
  const company = "versions";
  const answers = [];
  for (const rows of versions) answers.push(await upload(company, csv(rows)));
  expect(answers.map(({ body }) => body)).toEqual(
    [2, 3, 3].map((changes_detected) => ({
      message: "File processed successfully",
      file_id: expect.stringMatching(/^versions_[0-9a-f]{8}$/),
      company_id: company,
      changes_detected,
    })),
  );
  expect((await upload(company, csv(versions[2] ?? []))).body).toEqual({ ...answers[2]?.body, changes_detected: 0 });
  const found = await stored(company, 8);
  for (const [index, rows] of versions.entries()) expect(await asOf(company, index + 1)).toEqual(rows);

  const folder = join(dataFolder(root, "company-parquet"), company, "people");
  await eventually("a Parquet file for each change", async () => readdirSync(folder).length === 8);
  expect(readdirSync(folder).sort()[0]).toMatch(/^delete_\d{14}_2\.parquet$/);
  const compacted = `${folder}.parquet`;
  await eventually("the compacted file", async () => existsSync(compacted), 90_000);
  const duck = await (await DuckDBInstance.create()).connect();
  const ids = async (files: string) =>
    (await duck.runAndReadAll(`SELECT event_id FROM read_parquet('${files}')`))
      .getRows()
      .map(([id]) => String(id))
      .sort();
  expect(await ids(`${folder}/*.parquet`)).toEqual(found.map(({ event_id }) => event_id).sort());
  await eventually("all changes in the compacted file", async () => (await ids(compacted)).length === 8, 90_000);
  duck.closeSync();
});

test("killed while it publishes, it loses no change, and publishes none as two", async () => {
  const company = "killed";
  const rows = (mark: string) => Array.from({ length: 6000 }, (_, i) => ({ id: String(i), mark }));
  for (const [round, stage] of ["comparing", "publishing", "publishing"].entries()) {
    const content = csv(rows(String(round)));
    const id = `killed-${round}-${Date.now()}`;
    const form = new FormData();
    form.set("file", new Blob([content]), `${company}_people.csv`);
    const sent = fetch(`${ingest()}/upload`, { method: "POST", body: form, headers: { "x-upload-id": id } }).catch(
      () => undefined,
    );
    const { pid } = await processNamed("company-ingest");
    await eventually(`it is ${stage}`, async () => {
      const progress = (await (await fetch(`${ingest()}/uploads/${id}`)).json()) as { stage?: string };
      return progress.stage === stage || progress.stage === "done";
    });
    process.kill(Number(pid), "SIGKILL");
    await sent;
    await eventually("it takes uploads again", async () => (await upload(company, content)).status === 200, 120_000);
  }
  const found = await stored(company, 18_000, 180_000);
  expect(new Set(found.map(({ row_key, version }) => `${row_key} ${version}`)).size).toBe(18_000);
  expect(Math.max(...found.map(({ version }) => version))).toBe(3);
  for (const version of [1, 2, 3]) {
    const table = await asOf(company, version);
    expect(table).toHaveLength(6000);
    expect(new Set(table.map(({ mark }) => mark))).toEqual(new Set([String(version - 1)]));
  }
}, 400_000);

test("after a crash around the commit, what was published becomes current, and what was not is dropped", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-settle-"));
  const { log } = testLog();
  const { kafka: bootstrap, kafkaAdminPassword } = outputs();
  const login = { KAFKA_BOOTSTRAP: bootstrap, KAFKA_USERNAME: "admin", KAFKA_PASSWORD: kafkaAdminPassword };
  const kafka = createKafka("settle-test", login, log, 10);
  const versions = new Versions(folder);
  const publisher = (step: "prepare" | "makeCurrent") => {
    const dying = new Versions(folder);
    const work = dying[step].bind(dying);
    // Before the commit the note is written, and after it the version is not current yet.
    dying[step] = async (pending) => {
      if (step === "prepare") await work(pending);
      throw new Error("killed");
    };
    return createPublisher({ kafka, app: "settle-test", topic: "cdc-events", versions: dying });
  };
  try {
    for (const [step, outcome] of [
      ["prepare", "not published"],
      ["makeCurrent", "published"],
    ] as const) {
      const upload = await versions.incoming(step);
      const file = join(upload, "upload.csv");
      writeFileSync(file, "id,a\n1,x\n2,y\n");
      const keyColumns = () => ["id"];
      const comparison = await compare({ file, former: undefined, keyColumns, allowEmpty: false, folder: upload });
      const next = {
        company_id: "settled",
        table_name: "people",
        version: 1,
        file_id: `settled_${step}`,
        key_columns: ["id"],
        columns: comparison.columns,
        rows: comparison.rows,
        changed_at: new Date().toISOString(),
        sha256: "",
      };
      await expect(publisher(step).publish(next, file, comparison, () => undefined)).rejects.toThrow("killed");
      const pending = (await versions.readPending("settled", "people")) as Pending;
      const settling = createPublisher({ kafka, app: "settle-test", topic: "cdc-events", versions });
      expect(await settling.settle(pending)).toBe(outcome);
      expect((await versions.readCurrent("settled", "people"))?.file_id).toBe(
        outcome === "published" ? next.file_id : undefined,
      );
      expect(await versions.readPending("settled", "people")).toBeUndefined();
    }
    await stored("settled", 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the history can be made again from the changes", async () => {
  const all = () =>
    query(
      "company_data",
      "SELECT row_key, data, version, valid_from, valid_to FROM company_data WHERE company_id = 'versions' ORDER BY 1, 4",
    );
  const before = await all();
  await query("company_data", "SELECT company_data_rebuild()");
  expect(await all()).toEqual(before);
  expect(before.length).toBeGreaterThan(3);
});

const browser = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].flatMap((name) => {
  try {
    return [execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim()];
  } catch {
    return [];
  }
})[0];
const inBrowser = browser ? test : test.skip;
const suffix = browser ? "" : " (skipped: no Chromium on PATH; Debian: apt-get install chromium)";

inBrowser(
  `the page uploads a file, shows what is wrong and what changed, and the table at any time${suffix}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-page-"));
    const chrome = await chromium.launch({
      executablePath: browser as string,
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
    try {
      const page = await chrome.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on(
        "console",
        (message) =>
          message.type() === "error" && !/status of 40[04]/.test(message.text()) && errors.push(message.text()),
      );
      const send = async (content: string) => {
        const file = join(folder, "browser_people.csv");
        writeFileSync(file, content);
        await page.setInputFiles("#file", file);
        await page.click("#upload button");
      };
      await page.goto(ingest());
      await send("id,name\n1,a\n1,b\n");
      await page.locator("#problems", { hasText: 'line 3: the key "1" stands in line 2 already' }).waitFor();
      await send("id,name\n1,<img src=x onerror=alert(1)>\n2,b\n");
      await page.locator("#stage", { hasText: "2 changes found" }).waitFor();
      expect(await page.locator("#changes tr.insert").count()).toBe(2);
      expect(await page.locator("#changes img").count()).toBe(0);
      await stored("browser", 2);
      await send("id,name\n1,z\n");
      await page.locator("#stage", { hasText: "2 changes found; 1 rows, version 2" }).waitFor();
      await stored("browser", 4);
      await page.click("#now");
      await page.locator("#asof", { hasText: "1 rows as of" }).waitFor();
      expect(await page.locator("#rows td").first().textContent()).toBe("1");
      await page.locator("#versions button").last().click();
      await page.locator("#asof", { hasText: "2 rows as of" }).waitFor();
      expect(errors).toEqual([]);
    } finally {
      await chrome.close();
      rmSync(folder, { recursive: true });
    }
  },
);
