import { isUtf8 } from "node:buffer";

/** One thing that is wrong with a file, and where. */
export interface CsvProblem {
  /** From 1, the header's; a field with line breaks counts as many lines as it spans. */
  readonly line: number;
  readonly message: string;
}

/** Problems told at most: who sends a wrong kind of file need not be told of each row. */
export const mostProblems = 100;
/** Bytes of a row. Both versions of a row must fit one record of Kafka. */
export const longestRow = 262_144;
export const mostColumns = 1000;

/** The problems of one file, the first `mostProblems` of them. */
export class Problems {
  readonly list: CsvProblem[] = [];
  readonly full = () => this.list.length >= mostProblems;
  add(line: number, message: string): void {
    if (!this.full()) this.list.push({ line, message });
  }
}

/** A row as it stands in the file. It is good until the next one is asked for: its bytes belong to the scanner. */
export interface Row {
  readonly line: number;
  /** Without the line's end. */
  bytes(): Buffer;
  field(index: number): string | null;
}

const [quote, comma, lineFeed, carriageReturn] = [0x22, 0x2c, 0x0a, 0x0d];

/**
 * Splits CSV (RFC 4180) into rows, chunk by chunk; holds no more than a chunk and a row.
 *
 * UTF-8, with or without a byte order mark. Fields are separated by commas, lines end with LF or CRLF, and empty lines are passed over. A field in quotes
 * may hold commas, line breaks and doubled quotes. An empty field is null, `""` is empty text. White space is part of a field. What cannot be read so is a
 * problem, and reading goes on behind the next line's end.
 */
export class CsvScanner {
  /** Of the header, once it is read. */
  columns: readonly string[] = [];
  rows = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private line = 1;
  private started = false;
  private broken = false;
  /** Begin, end and whether it has doubled quotes (2), quotes (1) or none (0), of each field of the present row. */
  private readonly spans = new Int32Array(3 * (mostColumns + 1));
  private count = 0;
  private rowStart = 0;
  private rowEnd = 0;
  private rowLine = 1;
  private readonly row: Row = {
    line: 0,
    bytes: () => this.buffer.subarray(this.rowStart, this.rowEnd),
    field: (index) => this.textOf(index),
  };

  constructor(
    private readonly problems: Problems,
    private readonly onRow: (row: Row) => void,
  ) {}

  push(chunk: Buffer): void {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    this.scan(false);
  }

  /** After the last chunk. */
  end(): void {
    this.scan(true);
    if (this.broken) return;
    if (this.columns.length === 0 && this.problems.list.length === 0)
      this.problems.add(1, "the file is empty: its first line must name the columns");
  }

  private scan(last: boolean): void {
    if (!this.started && !this.start(last)) return;
    let at = 0;
    const { buffer } = this;
    while (at < buffer.length && !this.broken && !this.problems.full()) {
      const next = this.scanRow(at, last);
      if (next < 0) {
        if (buffer.length - at > longestRow) this.tooLong();
        break;
      }
      at = next;
    }
    this.buffer = this.broken || this.problems.full() ? Buffer.alloc(0) : buffer.subarray(at);
  }

  /** What the first bytes tell. @returns false when there are too few of them yet */
  private start(last: boolean): boolean {
    const { buffer } = this;
    if (buffer.length < 4 && !last) return false;
    this.started = true;
    const head = buffer.subarray(0, 4).toString("hex");
    if (head.startsWith("efbbbf")) this.buffer = buffer.subarray(3);
    else if (/^(fffe|feff)/.test(head)) this.stop(`the file is UTF-16. ${toUtf8("UTF-16")}`);
    else if (/^(1f8b|504b0304|28b52ffd|fd377a58|425a68)/.test(head))
      this.stop("the file is compressed, or a spreadsheet: send it as plain CSV");
    return true;
  }

  private stop(message: string, line = 1): void {
    this.problems.add(line, message);
    this.broken = true;
  }

  private tooLong(): void {
    this.stop(`the row is longer than ${longestRow} bytes. Is a quote not closed?`, this.line);
  }

  /** @returns where the next row begins, or -1 when this one goes on behind the buffer */
  private scanRow(from: number, last: boolean): number {
    const { buffer, spans } = this;
    const { length } = buffer;
    let at = from;
    let lines = 1;
    this.count = 0;
    for (;;) {
      let end: number;
      let start = at;
      let kind = 0;
      if (buffer[at] === quote) {
        kind = 1;
        start = at + 1;
        let close = start;
        for (;;) {
          close = buffer.indexOf(quote, close);
          if (close < 0 || (close + 1 >= length && !last)) {
            if (!last) return -1;
            this.stop(`a quote is opened here and never closed`, this.line);
            return length;
          }
          if (buffer[close + 1] !== quote) break;
          kind = 2;
          close += 2;
        }
        for (let i = buffer.indexOf(lineFeed, start); i >= 0 && i < close; i = buffer.indexOf(lineFeed, i + 1)) lines++;
        end = close;
        at = close + 1;
      } else {
        let byte = 0;
        while (at < length) {
          byte = buffer[at] as number;
          if (byte === comma || byte === lineFeed || byte === quote || byte === carriageReturn) break;
          at++;
        }
        if (at >= length && !last) return -1;
        end = at;
      }
      if (this.count <= mostColumns) {
        const slot = this.count * 3;
        spans[slot] = start;
        spans[slot + 1] = end;
        spans[slot + 2] = kind;
      }
      this.count++;
      if (at >= length) {
        if (!last) return -1;
        this.finish(from, length, lines);
        return length;
      }
      const byte = buffer[at];
      if (byte === comma) {
        at++;
        continue;
      }
      if (byte === lineFeed) {
        this.finish(from, at, lines);
        return at + 1;
      }
      if (byte === carriageReturn) {
        if (at + 1 >= length && !last) return -1;
        if (buffer[at + 1] === lineFeed || at + 1 >= length) {
          this.finish(from, at, lines);
          return Math.min(at + 2, length);
        }
      }
      return this.skipLine(at, lines, kind > 0 ? "something follows a closing quote" : reasonOf(byte as number), last);
    }
  }

  /** Passes over the rest of a line that cannot be read. */
  private skipLine(at: number, lines: number, message: string, last: boolean): number {
    const end = this.buffer.indexOf(lineFeed, at);
    if (end < 0 && !last) return -1;
    this.problems.add(this.line + lines - 1, message);
    this.line += lines;
    return end < 0 ? this.buffer.length : end + 1;
  }

  private finish(start: number, end: number, lines: number): void {
    const { buffer } = this;
    const line = this.line;
    this.line += lines;
    if (end === start) return;
    const wrong = unusable(buffer.subarray(start, end));
    if (wrong) {
      this.problems.add(line, wrong);
      return;
    }
    this.rowStart = start;
    this.rowEnd = end;
    this.rowLine = line;
    const columns = this.columns.length;
    if (columns === 0) this.header();
    else if (this.count === columns) {
      this.rows++;
      (this.row as { line: number }).line = line;
      this.onRow(this.row);
    } else this.problems.add(line, `the row has ${fields(this.count)}, the header has ${columns}`);
  }

  private header(): void {
    if (this.count > mostColumns) {
      this.stop(`the header has ${this.count} columns; ${mostColumns} is the most`);
      return;
    }
    const names = Array.from({ length: this.count }, (_, index) => this.textOf(index) ?? "");
    const wrong = names.flatMap((name, index) => {
      if (name.trim() === "") return [`column ${index + 1} has no name`];
      return names.indexOf(name) < index ? [`two columns have the name ${JSON.stringify(name)}`] : [];
    });
    for (const message of wrong) this.problems.add(this.rowLine, message);
    this.columns = names;
    // The rows mean nothing then.
    if (wrong.length > 0) this.broken = true;
  }

  private textOf(index: number): string | null {
    const slot = index * 3;
    const [start, end, kind] = [this.spans[slot], this.spans[slot + 1], this.spans[slot + 2]] as [
      number,
      number,
      number,
    ];
    if (start === end) return kind === 0 ? null : "";
    const text = this.buffer.toString("utf8", start, end);
    return kind === 2 ? text.replaceAll('""', '"') : text;
  }
}

function unusable(bytes: Buffer): string | undefined {
  if (bytes.length > longestRow) return `the row is longer than ${longestRow} bytes`;
  if (!isUtf8(bytes)) return `the row is not UTF-8. ${toUtf8("WINDOWS-1252")}`;
  return bytes.includes(0) ? "the row holds a NUL character" : undefined;
}

const reasonOf = (byte: number) =>
  byte === quote
    ? "a quote stands within a field that does not begin with one"
    : "a carriage return stands without a line feed";
const fields = (count: number) => (count === 1 ? "1 field" : `${count} fields`);
const toUtf8 = (encoding: string) => `Send it as UTF-8: iconv -f ${encoding} -t UTF-8`;

/** The fields of a row that a scanner took to be right. */
export function fieldsOf(bytes: Buffer): (string | null)[] {
  const found: (string | null)[] = [];
  for (let at = 0; ; at++) {
    const start = at;
    if (bytes[at] === quote) {
      let doubled = false;
      for (at = bytes.indexOf(quote, at + 1); bytes[at + 1] === quote; at = bytes.indexOf(quote, at + 2))
        doubled = true;
      const text = bytes.toString("utf8", start + 1, at);
      found.push(doubled ? text.replaceAll('""', '"') : text);
      at++;
    } else {
      at = bytes.indexOf(comma, at);
      if (at < 0) at = bytes.length;
      found.push(at === start ? null : bytes.toString("utf8", start, at));
    }
    if (at >= bytes.length) return found;
  }
}
