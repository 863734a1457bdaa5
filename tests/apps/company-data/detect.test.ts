import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { BadFile, type CompareArgs, compare, type RowChange } from "../../../apps/company-data/company-ingest/detect";
import { csvOf, type Sheet, sheets, styles } from "./files";

// Hundreds of files: seconds on an idle machine, many of them on a busy one.
jest.setTimeout(120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-detect-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function changes(now: string, former?: string, args: Partial<CompareArgs> = {}): Promise<RowChange[]> {
  const file = join(folder, "now.csv");
  writeFileSync(file, now);
  if (former !== undefined) writeFileSync(join(folder, "former.csv"), former);
  const comparison = await compare({
    file,
    former: former === undefined ? undefined : join(folder, "former.csv"),
    keyColumns: () => ["id"],
    allowEmpty: false,
    folder,
    ...args,
  });
  const found: RowChange[] = [];
  for await (const change of comparison.read()) found.push(change);
  expect(found).toHaveLength(comparison.changes);
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}
const refusal = (...args: Parameters<typeof changes>) =>
  changes(...args).then(
    () => "taken",
    (error: Error) => (error instanceof BadFile ? error.problems : error),
  );

/** The same, the simple way. */
function naive(now: Sheet, former: Sheet | undefined) {
  const [is, was] = [now, former].map((sheet) => new Map(sheet?.rows.map((row) => [String(row.id), row])));
  const keys = [...new Set([...(is?.keys() ?? []), ...(was?.keys() ?? [])])];
  return keys
    .map((key) => ({ key, before: was?.get(key) ?? null, after: is?.get(key) ?? null }))
    .filter(({ before, after }) => JSON.stringify(entries(before)) !== JSON.stringify(entries(after)))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
const entries = (row: object | null) => row && Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));

test("finds what a comparison in memory finds, in however many partitions", async () => {
  await fc.assert(
    fc.asyncProperty(
      sheets,
      fc.option(sheets, { nil: undefined }),
      styles,
      styles,
      fc.constantFrom(20, 4_000_000),
      async (now, former, style, other, partitionBytes) => {
        const found = await changes(csvOf(now, style), former && csvOf(former, other), { partitionBytes });
        expect(found.map(({ key, before, after }) => ({ key, before, after }))).toEqual(naive(now, former));
      },
    ),
    { numRuns: 40 },
  );
});

test("a change names its columns; one that came or went is changed in every row", async () => {
  const found = await changes("id,b,c\n1,x,\n2,y,\n4,n,\n", "id,a,b\n1,,x\n2,,z\n3,,w\n");
  expect(found.map(({ operation, key, changedColumns }) => [operation, key, changedColumns])).toEqual([
    ["update", "1", ["a", "c"]],
    ["update", "2", ["a", "b", "c"]],
    ["delete", "3", ["a", "b", "id"]],
    ["insert", "4", ["b", "c", "id"]],
  ]);
});

test("the same file again, in another order and with other quotes, is no change", async () => {
  expect(await changes('b,id\r\n"x",2\r\ny,1\r\n', "\ufeffid,b\n1,y\n2,x\n")).toEqual([]);
});

test("null and empty text differ", async () => {
  const [change] = await changes('id,a\n1,""\n', "id,a\n1,\n");
  expect(change).toMatchObject({ before: { a: null }, after: { a: "" }, changedColumns: ["a"] });
});

test("keys that stand twice are refused with their lines, also when there are many of them", async () => {
  expect(await refusal("id,a\n1,x\n2,y\n1,z\n")).toEqual([
    { line: 4, message: 'the key "1" stands in line 2 already' },
  ]);
  expect(await refusal(`id\n${"1\n".repeat(5000)}`, undefined, { partitionBytes: 100 })).toHaveLength(100);
});

test("keys of several columns", async () => {
  const keys = { keyColumns: () => ["a", "b"] };
  const found = await changes('a,b,c\nx,"y,z",1\n"x,y",z,2\n', undefined, keys);
  expect(found.map(({ key }) => key)).toEqual(['["x","y,z"]', '["x,y","z"]']);
});

test.each([
  ["a key that is null", "id,a\n,1\n", [{ line: 2, message: "a key column is empty" }]],
  ["a key that is empty", 'id,a\n"",1\n', [{ line: 2, message: "a key column is empty" }]],
  ["a key too long", `id\n${"k".repeat(2000)}\n`, [{ line: 2, message: "the key is longer than 1024 bytes" }]],
  ["no key column", "a,b\n1,2\n", [{ line: 1, message: 'there is no key column "id": the file has a, b' }]],
  ["no rows", "id,a\n", [{ line: 1, message: expect.stringContaining("allow_empty=true") }]],
])("%s", async (_, text, said) => {
  expect(await refusal(text)).toEqual(said);
});

test("no rows are taken where that is meant, and delete all there were", async () => {
  const found = await changes("id,a\n", "id,a\n1,x\n2,y\n", { allowEmpty: true });
  expect(found.map(({ operation, key }) => [operation, key])).toEqual([
    ["delete", "1"],
    ["delete", "2"],
  ]);
});
