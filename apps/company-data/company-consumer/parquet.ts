import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  ByteWriter,
  type ColumnSource,
  ParquetWriter,
  parquetWriteBuffer,
  schemaFromColumnData,
} from "hyparquet-writer";
import type { ChangeEvent } from "../change";
import type { Stored } from "./store";

/** A change as a row of a Parquet file; `before` and `after` are JSON, as tables differ in their columns. */
const columnsOf = (events: readonly ChangeEvent[]): ColumnSource[] => {
  const text = (name: keyof ChangeEvent): ColumnSource => ({
    name,
    type: "STRING",
    nullable: false,
    data: events.map((event) => event[name]),
  });
  const json = (name: "before" | "after" | "changed_columns", nullable = true): ColumnSource => ({
    name,
    type: "JSON",
    nullable,
    data: events.map((event) => event[name] ?? undefined),
  });
  return [
    text("event_id"),
    text("company_id"),
    text("table_name"),
    text("row_key"),
    { name: "version", type: "INT32", nullable: false, data: events.map(({ version }) => version) },
    text("file_id"),
    text("operation"),
    json("changed_columns", false),
    json("before"),
    json("after"),
    {
      name: "changed_at",
      type: "TIMESTAMP",
      nullable: false,
      data: events.map(({ changed_at }) => new Date(changed_at)),
    },
  ];
};

/** `insert_20261121093000_42.parquet`: UTC; the key as it is where it is safe, else with a hash that keeps it apart from others. */
export function fileNameOf({ event, nth }: Stored): string {
  const time = event.changed_at.replace(/\D/g, "").slice(0, 14);
  const again = nth > 1 ? `.${nth}` : "";
  return `${event.operation}_${time}_${safeKey(event.row_key)}${again}.parquet`;
}

const longestKey = 80;

export function safeKey(key: string): string {
  if (new RegExp(`^[a-z0-9-]{1,${longestKey}}$`).test(key)) return key;
  const plain = key.replace(/[^A-Za-z0-9-]+/g, "_").slice(0, longestKey);
  // Small letters alone are one and the same everywhere; where capitals are, some file systems take two keys for one.
  return `${plain}_${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;
}

/** Files below `<company>/<table>/`, one for each change, and `<company>/<table>.parquet` with all of them. A file is there whole or not at all. */
export class ParquetFolder {
  constructor(private readonly root: string) {}

  readonly changeFile = (stored: Stored) =>
    join(this.root, stored.event.company_id, stored.event.table_name, fileNameOf(stored));
  readonly compactedFile = (company: string, table: string) => join(this.root, company, `${table}.parquet`);

  /** Drafts that a former process left. */
  async begin(): Promise<void> {
    await mkdir(this.root, { recursive: true });
    for (const name of await readdir(this.root, { recursive: true })) {
      if (name.endsWith(draftEnding)) await rm(join(this.root, name), { force: true });
    }
  }

  /** One file for each change; those that are there already are left alone. */
  async writeChanges(all: readonly Stored[]): Promise<void> {
    const folders = new Set(all.map((stored) => dirname(this.changeFile(stored))));
    await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })));
    for (const stored of all) {
      const file = this.changeFile(stored);
      if (existsSync(file)) continue;
      const bytes = parquetWriteBuffer({
        columnData: columnsOf([stored.event]),
        codec: "UNCOMPRESSED",
        statistics: false,
      });
      await writeFile(file + draftEnding, new Uint8Array(bytes));
      await rename(file + draftEnding, file);
    }
  }

  /** All changes of a table, given in groups, in one file in the place of the former one. */
  async compact(company: string, table: string, groups: AsyncIterable<readonly ChangeEvent[]>): Promise<void> {
    const file = this.compactedFile(company, table);
    await mkdir(dirname(file), { recursive: true });
    const draft = file + draftEnding;
    const handle = await open(draft, "w");
    try {
      await writeGroups(handle, groups);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  }
}

const draftEnding = ".tmp";

async function writeGroups(handle: FileHandle, groups: AsyncIterable<readonly ChangeEvent[]>): Promise<void> {
  const bytes = new ByteWriter();
  const flush = async () => {
    await handle.write(bytes.getBytes());
    bytes.index = 0;
  };
  const writer = new ParquetWriter({ writer: bytes, schema: schemaFromColumnData({ columnData: columnsOf([]) }) });
  for await (const events of groups) {
    await writer.write({ columnData: columnsOf(events), rowGroupSize: events.length });
    await flush();
  }
  await writer.finish();
  await flush();
}
