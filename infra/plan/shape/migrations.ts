import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../problems";
import type { MigrationFile } from "../types";
import { type SqlStatement, sqlStatements } from "./sql-statements";

const legalName = /^(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql$/;
const nameRule =
  "four digits from 0001, an underscore, and a name of a–z, 0–9 and single underscores, ending in .sql: 0001_create_orders.sql";
/** First words of statements that would end the transaction a file runs in, or leave a part of it behind. */
const transactionControl = [
  "BEGIN",
  "START TRANSACTION",
  "COMMIT",
  "END",
  "ROLLBACK",
  "ABORT",
  "SAVEPOINT",
  "RELEASE",
  "PREPARE TRANSACTION",
  "SET TRANSACTION",
];

/**
 * The migrations of a database, `migrations/<database>/NNNN_name.sql`, in order. Line endings are read as `\n`, and hashed so: a checkout with
 * `\r\n` changes nothing. Files with a problem are left out.
 */
export function readMigrations(root: string, database: string): { files: MigrationFile[]; problems: Problem[] } {
  const folder = `migrations/${database}`;
  const names = listFolder(join(root, folder));
  if (names.length === 0) {
    const fix = `Write ${folder}/0001_create_tables.sql.`;
    return { files: [], problems: [{ file: folder, message: `Database ${database} has no migrations.`, fix }] };
  }
  const problems: Problem[] = [];
  const files: MigrationFile[] = [];
  for (const name of names) {
    const file = `${folder}/${name}`;
    const number = Number(legalName.exec(name)?.[1] ?? 0);
    if (number === 0 || !statSync(join(root, file)).isFile()) {
      problems.push({
        file,
        message: "This is not the name of a migration.",
        given: name,
        allowed: nameRule,
        fix: "Rename it, or move it elsewhere.",
      });
      continue;
    }
    const sql = readFileSync(join(root, file), "utf8")
      .replace(/^\ufeff/, "")
      .replace(/\r\n?/g, "\n");
    const own = checkStatements(file, sqlStatements(sql));
    problems.push(...own);
    if (own.length === 0) files.push({ number, file, sql, sha256: createHash("sha256").update(sql).digest("hex") });
  }
  problems.push(...checkNumbers(folder, names));
  return { files: files.sort((a, b) => a.number - b.number), problems };
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function checkStatements(file: string, statements: readonly SqlStatement[]): Problem[] {
  if (statements.length === 0) {
    return [
      {
        file,
        message: "This migration holds no statement.",
        fix: "Write one, or remove the file if it was never applied.",
      },
    ];
  }
  const problems: Problem[] = [];
  for (const { words, line, text } of statements) {
    const control = transactionControl.find((start) => words.slice(0, start.split(" ").length).join(" ") === start);
    if (control) {
      const message = "Each migration runs in one transaction of its own, and must not control it.";
      problems.push({
        file,
        line,
        message,
        given: firstLine(text),
        fix: "Remove the statement; split the file where the work must be split.",
      });
    } else if (text.startsWith("\\")) {
      const message = "This is a command of psql, and the server does not know it.";
      problems.push({ file, line, message, given: firstLine(text), fix: "Write it in SQL." });
    }
  }
  return problems;
}

const firstLine = (text: string) => (text.split("\n")[0] as string).slice(0, 80);

function checkNumbers(folder: string, names: readonly string[]): Problem[] {
  const byNumber = new Map<number, string[]>();
  for (const name of names) {
    const number = Number(legalName.exec(name)?.[1] ?? 0);
    if (number > 0) byNumber.set(number, [...(byNumber.get(number) ?? []), name]);
  }
  const last = Math.max(0, ...byNumber.keys());
  const next = digits(last + 1);
  const problems: Problem[] = [];
  for (const [number, same] of byNumber) {
    if (same.length === 1) continue;
    const message = `${same.length} migrations have the number ${digits(number)}, so their order is not known.`;
    problems.push({
      file: folder,
      message,
      given: same.join(", "),
      allowed: "one file for each number",
      fix: `Give the newest the number ${next}.`,
    });
  }
  const missing = Array.from({ length: last }, (_, i) => i + 1).filter((number) => !byNumber.has(number));
  if (missing.length > 0) {
    const given = names.filter((name) => legalName.test(name)).join(", ");
    const fix = "Bring back the missing file, or give those after it its number if they were never applied.";
    problems.push({
      file: folder,
      message: `The numbers have a gap: ${ranges(missing)} is missing.`,
      given,
      allowed: "0001, 0002, … without a gap",
      fix,
    });
  }
  return problems;
}

const digits = (number: number) => String(number).padStart(4, "0");

/** `0002, 0004 to 0007` */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? digits(from) : `${digits(from)} to ${digits(to)}`)).join(", ");
}
