import fc from "fast-check";
import {
  CsvScanner,
  fieldsOf,
  longestRow,
  mostProblems,
  Problems,
} from "../../../apps/company-data/company-ingest/csv";
import { csvOf, sheets, styles } from "./files";

// Hundreds of files: seconds on an idle machine, many of them on a busy one.
jest.setTimeout(120_000);

function read(bytes: Buffer, cuts: readonly number[] = []) {
  const problems = new Problems();
  const rows: { line: number; fields: (string | null)[] }[] = [];
  const scanner = new CsvScanner(problems, (row) => {
    const fields = scanner.columns.map((_, index) => row.field(index));
    expect(fieldsOf(Buffer.from(row.bytes()))).toEqual(fields);
    rows.push({ line: row.line, fields });
  });
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    scanner.push(bytes.subarray(from, Math.min(cut, bytes.length)));
    from = Math.min(cut, bytes.length);
  }
  scanner.push(bytes.subarray(from));
  scanner.end();
  return { columns: scanner.columns, rows, problems: problems.list };
}
const problemsOf = (text: string | Buffer) =>
  read(Buffer.from(text as string)).problems.map(({ line, message }) => `${line}: ${message}`);
const rowsOf = (text: string) => {
  const { rows, problems } = read(Buffer.from(text));
  expect(problems).toEqual([]);
  return rows.map(({ fields }) => fields);
};

test("what was written is read, however it was written and wherever it is cut", () => {
  fc.assert(
    fc.property(sheets, styles, fc.array(fc.nat(400), { maxLength: 8 }), (sheet, style, cuts) => {
      const { columns, rows, problems } = read(Buffer.from(csvOf(sheet, style)), cuts);
      expect(problems).toEqual([]);
      const found = rows.map(({ fields }) => Object.fromEntries(columns.map((name, i) => [name, fields[i]])));
      expect(style.reversed ? found.reverse() : found).toEqual(sheet.rows);
    }),
    { numRuns: 150 },
  );
});

test("an empty field is null, quotes make it a text; white space stays", () => {
  expect(rowsOf('a,b,c\n1,,""\n2, x ,"y "\n')).toEqual([
    ["1", null, ""],
    ["2", " x ", "y "],
  ]);
  expect(rowsOf("a,b\n1,")).toEqual([["1", null]]);
});

test("empty lines are passed over, and counted", () => {
  const { rows } = read(Buffer.from("a\n\n1\r\n\r\n2\n"));
  expect(rows).toEqual([
    { line: 3, fields: ["1"] },
    { line: 5, fields: ["2"] },
  ]);
});

test("a line number counts the line breaks within fields", () => {
  expect(problemsOf('a,b\n"x\ny\nz",1\n1,2,3\n')).toEqual(["5: the row has 3 fields, the header has 2"]);
});

test.each([
  ["nothing at all", "", ["1: the file is empty: its first line must name the columns"]],
  ["only line ends", "\n\n", ["1: the file is empty: its first line must name the columns"]],
  [
    "ragged rows",
    "a,b\n1\n1,2\n1,2,3\n",
    ["2: the row has 1 field, the header has 2", "4: the row has 3 fields, the header has 2"],
  ],
  ["a quote within a field", 'a\nx"y\n2\n', ["2: a quote stands within a field that does not begin with one"]],
  ["text behind a quote", 'a,b\n"x"y,1\n', ["2: something follows a closing quote"]],
  ["a quote that is not closed", 'a\n1\n"x\n', ["3: a quote is opened here and never closed"]],
  ["carriage returns alone", "a,b\r1,2\r", ["1: a carriage return stands without a line feed"]],
  ["a NUL", "a\nx\0y\n", ["2: the row holds a NUL character"]],
  [
    "columns without a name, and twice the same",
    "a,,a\n",
    ["1: column 2 has no name", '1: two columns have the name "a"'],
  ],
  [
    "UTF-16",
    Buffer.from("\ufeffa\n1\n", "utf16le"),
    ["1: the file is UTF-16. Send it as UTF-8: iconv -f UTF-16 -t UTF-8"],
  ],
  [
    "another encoding",
    Buffer.from("a\nM\xfcller\n", "latin1"),
    ["2: the row is not UTF-8. Send it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8"],
  ],
  ["gzip", Buffer.from("1f8b0800", "hex"), ["1: the file is compressed, or a spreadsheet: send it as plain CSV"]],
  [
    "a spreadsheet",
    Buffer.from("504b030414", "hex"),
    ["1: the file is compressed, or a spreadsheet: send it as plain CSV"],
  ],
  ["a row too long", `a\n${"x".repeat(longestRow + 1)}\n`, [`2: the row is longer than ${longestRow} bytes`]],
  ["too many columns", `${"a,".repeat(2000)}a\n`, ["1: the header has 2001 columns; 1000 is the most"]],
])("%s", (_, text, said) => {
  expect(problemsOf(text)).toEqual(said);
});

test("a quote that is never closed does not fill the memory", () => {
  const problems = new Problems();
  const scanner = new CsvScanner(problems, () => undefined);
  scanner.push(Buffer.from('a\n"'));
  for (let i = 0; i < 100 && problems.list.length === 0; i++) scanner.push(Buffer.alloc(65_536, "x"));
  expect(problems.list).toEqual([
    { line: 2, message: `the row is longer than ${longestRow} bytes. Is a quote not closed?` },
  ]);
  expect((scanner as unknown as { buffer: Buffer }).buffer.length).toBe(0);
});

test("no more problems are told than a person reads", () => {
  expect(problemsOf(`a,b\n${"1\n".repeat(1000)}`)).toHaveLength(mostProblems);
});
