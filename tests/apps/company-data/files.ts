import fc from "fast-check";
import type { Values } from "../../../apps/company-data/company-ingest/detect";

/** A file as a person would have it: columns, and rows by key. */
export interface Sheet {
  readonly columns: readonly string[];
  readonly rows: readonly Values[];
}

const nasty = [
  "",
  " ",
  '"',
  '""',
  ",",
  "\n",
  "\r\n",
  "a\rb",
  "é",
  "李 雷",
  "😀",
  "null",
  "NULL",
  "0",
  "'; DROP TABLE x; --",
  "\\",
];
const cell = fc.option(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: "grapheme", maxLength: 6 })), {
  nil: null,
});
/** Postgres takes no NUL, and half a surrogate pair is no text. */
const text = cell.map((value) => value && Buffer.from(value.replaceAll("\0", "")).toString());
const columnNames = fc
  .uniqueArray(fc.constantFrom("name", "city", "a,b", 'quo"ted', "línea", "x y", "constructor"), { maxLength: 4 })
  .map((names) => ["id", ...names]);

export const sheets: fc.Arbitrary<Sheet> = columnNames.chain((columns) =>
  fc
    .uniqueArray(fc.constantFrom("1", "2", "3", "4", "a,b", 'k"', "é\n", "../../etc", "K"), {
      minLength: 1,
      maxLength: 9,
    })
    .chain((keys) =>
      fc.tuple(
        fc.constant(keys),
        fc.array(fc.array(text, { minLength: 4, maxLength: 4 }), { minLength: keys.length, maxLength: keys.length }),
      ),
    )
    .map(([keys, cells]) => ({
      columns,
      rows: keys.map((key, row) =>
        Object.fromEntries(columns.map((column, i) => [column, i === 0 ? key : (cells[row]?.[i - 1] ?? null)])),
      ),
    })),
);

/** How one and the same sheet can be written. */
export interface Style {
  readonly end: "\n" | "\r\n";
  readonly mark: boolean;
  readonly quoteAll: boolean;
  readonly lastEnd: boolean;
  readonly reversed: boolean;
}
export const styles: fc.Arbitrary<Style> = fc.record({
  end: fc.constantFrom("\n" as const, "\r\n" as const),
  mark: fc.boolean(),
  quoteAll: fc.boolean(),
  lastEnd: fc.boolean(),
  reversed: fc.boolean(),
});

export function csvOf({ columns, rows }: Sheet, style: Style): string {
  const order = style.reversed ? [...columns].reverse() : columns;
  const field = (value: string | null) =>
    value === null
      ? ""
      : style.quoteAll || value === "" || /[",\r\n]/.test(value)
        ? `"${value.replaceAll('"', '""')}"`
        : value;
  const lines = (style.reversed ? [...rows].reverse() : rows).map((row) =>
    order.map((name) => field(row[name] ?? null)).join(","),
  );
  const body = [order.map(field).join(","), ...lines].join(style.end);
  return `${style.mark ? "\ufeff" : ""}${body}${style.lastEnd ? style.end : ""}`;
}
