import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type ChangeEvent, parseChange } from "../../../apps/company-data/change";
import { BadFile } from "../../../apps/company-data/company-ingest/detect";
import { type Publisher, recordOf, Undecided } from "../../../apps/company-data/company-ingest/publish";
import {
  createUploads,
  fileIn,
  newFolderName,
  type Progress,
  type UploadArgs,
} from "../../../apps/company-data/company-ingest/upload";
import { type Pending, Versions } from "../../../apps/company-data/company-ingest/versions";
import { testLog } from "../support";
import { csvOf, type Sheet, sheets, styles } from "./files";
import { rowsByKey, sheetByKey } from "./versions";

// Hundreds of files: seconds on an idle machine, many of them on a busy one.
jest.setTimeout(120_000);

/** In-memory records stand in for Kafka: a transaction is a list that is added whole or not at all. */
type Crash = "none" | "while sending" | "before the commit" | "after the commit";

class Process {
  readonly topic: ChangeEvent[];
  readonly versions: Versions;
  readonly uploads: ReturnType<typeof createUploads>;
  crash: Crash = "none";
  constructor(
    readonly root: string,
    before?: Process,
  ) {
    this.topic = before?.topic ?? [];
    this.versions = new Versions(root);
    this.uploads = createUploads({
      versions: this.versions,
      publisher: this.publisher(),
      log: testLog().log,
      versionInHistory: async (company) =>
        this.topic.findLast(({ company_id }) => company_id === company)?.version ?? 0,
    });
  }
  private publisher(): Publisher {
    return {
      publish: async (next, staged, comparison, onProgress) => {
        const events: ChangeEvent[] = [];
        for await (const change of comparison.read()) {
          events.push(parseChange(recordOf(change, next).value));
          onProgress(events.length);
        }
        if (this.crash === "while sending") throw new Error("killed");
        const pending: Pending = {
          next,
          staged,
          first: { topic: "t", partition: 0, offset: String(this.topic.length) },
        };
        await this.versions.prepare(pending);
        if (this.crash === "before the commit") throw new Undecided("killed");
        this.topic.push(...events);
        if (this.crash === "after the commit") throw new Undecided("killed");
        await this.versions.makeCurrent(pending);
      },
      settle: async (pending) => {
        const published = this.topic[Number(pending.first.offset)]?.file_id === pending.next.file_id;
        await (published ? this.versions.makeCurrent(pending) : this.versions.drop(pending));
        return published ? "published" : "not published";
      },
    };
  }
  async upload(text: string, args: Partial<UploadArgs> = {}, tell: (progress: Progress) => void = () => undefined) {
    const folder = await this.versions.incoming(newFolderName());
    writeFileSync(fileIn(folder), text);
    return this.uploads.take(
      fileIn(folder),
      folder,
      { company: "acme", table: "customers", keyColumns: ["id"], allowEmpty: true, ...args },
      tell,
    );
  }
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-uploads-"));
});
afterEach(() => rmSync(root, { recursive: true }));
const start = async (before?: Process): Promise<Process> => {
  const process = new Process(root, before);
  await process.versions.begin();
  await process.uploads.settleAll();
  return process;
};
const replay = (events: readonly ChangeEvent[]) => {
  const rows = new Map<string, object>();
  for (const { row_key, before, after } of events) {
    expect(rows.get(row_key) ?? null).toEqual(before);
    if (after) rows.set(row_key, after);
    else rows.delete(row_key);
  }
  return rowsByKey(rows);
};

test("whenever it is killed, the changes make the files that were taken, each once", async () => {
  const crashes = fc.constantFrom<Crash>("none", "none", "while sending", "before the commit", "after the commit");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(sheets, styles, crashes), { minLength: 1, maxLength: 5 }), async (uploads) => {
      rmSync(root, { recursive: true });
      let process = await start();
      let last: Sheet | undefined;
      for (const [sheet, style, crash] of uploads) {
        const before = process.topic.length;
        process.crash = crash;
        const taken = await process.upload(csvOf(sheet, style)).then(
          () => true,
          () => false,
        );
        process = await start(process);
        if (taken || process.topic.length > before) last = sheet;
        expect(replay(process.topic)).toEqual(sheetByKey(last));
        expect(readdirSync(join(root, "incoming"))).toEqual([]);
        // Who got no answer sends it again: what is there is not published twice.
        await process.upload(csvOf(sheet, style));
        last = sheet;
        expect(replay(process.topic)).toEqual(sheetByKey(last));
      }
      const ids = process.topic.map(({ event_id }) => event_id);
      expect(new Set(ids).size).toBe(ids.length);
    }),
    { numRuns: 15 },
  );
});

test("earlier versions are in the archive, by time and file", async () => {
  const process = await start();
  const results = [
    await process.upload("id,a\n1,x\n"),
    await process.upload("id,a\n1,y\n"),
    await process.upload("id,a\n1,z\n"),
  ];
  const archived = readdirSync(join(root, "archive/acme/customers")).sort();
  expect(archived).toHaveLength(2);
  expect(archived[0]).toMatch(/^\d{8}T\d{9}Z_acme_[0-9a-f]{8}\.csv$/);
  expect(archived.map((name) => readFileSync(join(root, "archive/acme/customers", name), "utf8"))).toEqual([
    "id,a\n1,x\n",
    "id,a\n1,y\n",
  ]);
  expect(readFileSync(join(root, "current/acme/customers.csv"), "utf8")).toBe("id,a\n1,z\n");
  expect(results.map(({ version, changes }) => [version, changes])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
  for (const [index, name] of archived.entries()) expect(name).toContain(String(results[index]?.fileId));
});

test("uploads of one table wait for each other, those of others do not; validity never goes back", async () => {
  const process = await start();
  const stages: string[] = [];
  const told = (name: string) => (progress: Progress) => stages.push(`${name} ${progress.stage}`);
  await Promise.all([
    process.upload("id,a\n1,x\n", {}, told("first")),
    process.upload("id,a\n1,y\n", {}, told("second")),
    process.upload("id,a\n1,y\n", { company: "other" }, told("other")),
  ]);
  // Which of the two was received first is not ours to say.
  const at = (stage: string) => stages.indexOf(stage);
  const inOrder = at("first comparing") < at("second comparing");
  const [one, other] = inOrder ? ["first", "second"] : ["second", "first"];
  expect(at(`${other} comparing`)).toBeGreaterThan(at(`${one} done`));
  const own = process.topic.filter(({ company_id }) => company_id === "acme");
  expect(own.map(({ after }) => after?.a)).toEqual(inOrder ? ["x", "y"] : ["y", "x"]);
  expect(Date.parse(String(own[1]?.changed_at))).toBeGreaterThan(Date.parse(String(own[0]?.changed_at)));
});

test("a clock that was set back does not set validity back", async () => {
  const process = await start();
  await process.upload("id,a\n1,x\n");
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"], now: Date.now() - 86_400_000 });
  try {
    await process.upload("id,a\n1,y\n");
  } finally {
    jest.useRealTimers();
  }
  const [first, second] = process.topic.map(({ changed_at }) => Date.parse(changed_at)) as [number, number];
  expect(second).toBe(first + 1);
});

const refused = (process: Process, text: string, args: Partial<UploadArgs>) =>
  process.upload(text, args).then(
    () => "taken",
    (error) => (error instanceof BadFile ? error.message : error),
  );

test("the key is asked for once, and stays", async () => {
  const process = await start();
  expect(await refused(process, "a,b\n1,2\n", { keyColumns: [] })).toMatch(
    /^name the key with key_columns: one or several of a, b/,
  );
  await process.upload("id,b\n1,2\n", { keyColumns: [] });
  await process.upload("id,b\n1,3\n", { keyColumns: [] });
  expect(await refused(process, "id,b\n1,3\n", { keyColumns: ["b"] })).toMatch(
    /^the table's key is id, and stays so; given: b/,
  );
  expect(await refused(process, "b,c\n1,3\n", { keyColumns: [] })).toBe(
    'line 1: there is no key column "id": the file has b, c',
  );
  expect(readdirSync(join(root, "incoming"))).toEqual([]);
});

test("broken notes about a version are refused, never taken for a beginning", async () => {
  const process = await start();
  await process.upload("id\n1\n");
  writeFileSync(join(root, "current/acme/customers.json"), "{");
  expect(String(await refused(process, "id\n2\n", {}))).toContain("is broken");
  expect(process.topic).toHaveLength(1);
  expect(existsSync(join(root, "current/acme/customers.csv"))).toBe(true);
});

test("a current file that is gone is refused, never taken for a beginning", async () => {
  const process = await start();
  await process.upload("id\n1\n");
  rmSync(join(root, "current"), { recursive: true });
  expect(String(await refused(process, "id\n2\n", {}))).toContain("goes up to version 1, and its current file is gone");
  expect(process.topic).toHaveLength(1);
});

test("two files at once are compared, the others wait", async () => {
  const process = await start();
  let [now, most] = [0, 0];
  const told = () => {
    let counted = false;
    return ({ stage }: Progress) => {
      if (stage === "comparing" && !counted) {
        counted = true;
        most = Math.max(most, ++now);
      }
      if (stage === "done") now--;
    };
  };
  const companies = ["a", "b", "c", "d", "e"];
  await Promise.all(companies.map((company) => process.upload("id\n1\n", { company }, told())));
  expect([most, now]).toEqual([2, 0]);
});
