import { once } from "node:events";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { CsvScanner, type Problems } from "./csv";

/** A row of one version of a table: its key, its bytes as they stand in the file, and their line. */
export interface KeyedRow {
  readonly key: string;
  readonly bytes: Buffer;
  readonly line: number;
}

/** The rows of a file, spread over `count` files by their keys, so that rows with the same key meet. */
export interface Partitions {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly count: number;
  /** Block by block: an await for each row would take longer than all else. */
  read(partition: number): AsyncGenerator<readonly KeyedRow[]>;
}

/** Before each row: bytes of its key, bytes of the row, its line; 32 bits each. */
const headBytes = 12;
/** Written at once, and read at once. */
const blockBytes = 65_536;
const longestKey = 1024;

export interface PartitionArgs {
  readonly file: string;
  /** Where the partitions are written, and how their names begin. */
  readonly folder: string;
  readonly name: string;
  readonly count: number;
  readonly keyColumns: (columns: readonly string[]) => readonly string[];
  readonly problems: Problems;
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Reads a CSV file through once. What is wrong with it stands in `problems` then. */
export async function partition(args: PartitionArgs): Promise<Partitions> {
  const { problems, count } = args;
  const files = Array.from({ length: count }, (_, index) => join(args.folder, `${args.name}-${index}`));
  const writers = files.map((file) => new BlockWriter(file));
  let keys: readonly number[] | undefined;
  const scanner = new CsvScanner(problems, (row) => {
    keys ??= keyIndexes(args.keyColumns(scanner.columns), scanner.columns, problems);
    if (keys.length === 0) return;
    const key = keyOf(keys.map((index) => row.field(index)));
    if (key === undefined) return problems.add(row.line, "a key column is empty");
    const keyBytes = Buffer.from(key);
    if (keyBytes.length > longestKey) return problems.add(row.line, `the key is longer than ${longestKey} bytes`);
    const bytes = row.bytes();
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32LE(keyBytes.length, 0);
    head.writeUInt32LE(bytes.length, 4);
    head.writeUInt32LE(row.line, 8);
    (writers[hash(keyBytes) % count] as BlockWriter).add(head, keyBytes, bytes);
  });
  try {
    for await (const chunk of createReadStream(args.file, { highWaterMark: blockBytes * 4 })) {
      args.signal?.throwIfAborted();
      scanner.push(chunk as Buffer);
      args.onProgress?.((chunk as Buffer).length);
      if (problems.full()) break;
      for (const writer of writers) if (writer.isFull()) await writer.drain();
    }
    scanner.end();
    // A file of no rows has keys to check, too.
    if (!keys && scanner.columns.length > 0) keyIndexes(args.keyColumns(scanner.columns), scanner.columns, problems);
  } finally {
    await Promise.all(writers.map((writer) => writer.close()));
  }
  return { columns: scanner.columns, rows: scanner.rows, count, read: (index) => readRows(files[index] as string) };
}

function keyIndexes(names: readonly string[], columns: readonly string[], problems: Problems): readonly number[] {
  for (const name of names) {
    if (!columns.includes(name))
      problems.add(1, `there is no key column ${JSON.stringify(name)}: the file has ${columns.join(", ")}`);
  }
  return names.every((name) => columns.includes(name)) ? names.map((name) => columns.indexOf(name)) : [];
}

/** One key column: its text. Several: a JSON array. Undefined when one is null or empty. */
function keyOf(values: readonly (string | null)[]): string | undefined {
  if (values.some((value) => value === null || value === "")) return undefined;
  return values.length === 1 ? (values[0] as string) : JSON.stringify(values);
}

/** FNV-1a, 32 bits. */
function hash(bytes: Buffer): number {
  let value = 0x811c9dc5;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}

/** Collects small pieces into blocks. */
class BlockWriter {
  private readonly stream: WriteStream;
  private block = Buffer.allocUnsafe(blockBytes);
  private used = 0;
  private failed: Error | undefined;
  constructor(file: string) {
    this.stream = createWriteStream(file, { highWaterMark: blockBytes * 4 });
    this.stream.on("error", (error) => {
      this.failed = error;
    });
  }
  add(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      if (this.used + piece.length > blockBytes) this.flush();
      if (piece.length > blockBytes) this.stream.write(Buffer.from(piece));
      else this.used += piece.copy(this.block, this.used);
    }
  }
  isFull(): boolean {
    return this.failed !== undefined || this.stream.writableNeedDrain;
  }
  async drain(): Promise<void> {
    if (this.failed) throw this.failed;
    if (this.stream.writableNeedDrain) await once(this.stream, "drain");
  }
  async close(): Promise<void> {
    this.flush();
    if (!this.failed) {
      this.stream.end();
      await once(this.stream, "close");
    }
    if (this.failed) throw this.failed;
  }
  private flush(): void {
    if (this.used === 0) return;
    this.stream.write(this.block.subarray(0, this.used));
    this.block = Buffer.allocUnsafe(blockBytes);
    this.used = 0;
  }
}

async function* readRows(file: string): AsyncGenerator<readonly KeyedRow[]> {
  let buffer: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: blockBytes * 4 })) {
    buffer = buffer.length === 0 ? (chunk as Buffer) : Buffer.concat([buffer, chunk as Buffer]);
    const rows: KeyedRow[] = [];
    let at = 0;
    while (buffer.length - at >= headBytes) {
      const keyEnd = at + headBytes + buffer.readUInt32LE(at);
      const end = keyEnd + buffer.readUInt32LE(at + 4);
      if (end > buffer.length) break;
      rows.push({
        key: buffer.toString("utf8", at + headBytes, keyEnd),
        bytes: buffer.subarray(keyEnd, end),
        line: buffer.readUInt32LE(at + 8),
      });
      at = end;
    }
    buffer = buffer.subarray(at);
    yield rows;
  }
}
