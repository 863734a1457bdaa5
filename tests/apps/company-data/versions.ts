import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChangeEvent, parseChange } from "../../../apps/company-data/change";
import { compare } from "../../../apps/company-data/company-ingest/detect";
import { recordOf } from "../../../apps/company-data/company-ingest/publish";
import { csvOf, type Sheet } from "./files";

const plain = { end: "\n", mark: false, quoteAll: false, lastEnd: true, reversed: false } as const;
export const company = "acme";

/** The changes of a sequence of files, as they are published, version by version. */
export async function eventsOf(sequence: readonly Sheet[], table = "customers"): Promise<ChangeEvent[][]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-versions-"));
  try {
    const versions: ChangeEvent[][] = [];
    for (const [index, sheet] of sequence.entries()) {
      const file = join(folder, `${index}.csv`);
      writeFileSync(file, csvOf(sheet, plain));
      const former = index === 0 ? undefined : join(folder, `${index - 1}.csv`);
      const comparison = await compare({ file, former, keyColumns: () => ["id"], allowEmpty: true, folder });
      const next = {
        company_id: company,
        table_name: table,
        version: index + 1,
        file_id: `${company}_${String(index).padStart(8, "0")}`,
        changed_at: timeOf(index),
      };
      const events: ChangeEvent[] = [];
      for await (const change of comparison.read()) events.push(parseChange(recordOf(change, next).value));
      versions.push(events);
    }
    return versions;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** When a version became valid; some within one second. */
export const timeOf = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 400).toISOString();

/** Rows by key, for comparisons. */
export const rowsByKey = (rows: Iterable<readonly [string, object | null]>) =>
  Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
export const sheetByKey = (sheet: Sheet | undefined) =>
  rowsByKey(sheet?.rows.map((row) => [String(row.id), row] as const) ?? []);
