import { createHash } from "node:crypto";
import { z } from "zod";
import { BadRecord } from "../lib/errors";

/** Company ids and table names become folders, file names and parts of ids: nothing that any of those would take for something else. */
export const idPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
export const idRule = "1 to 63 of a–z, A–Z, 0–9, '-' and '_', beginning with a letter or a digit";

const id = z.string().regex(idPattern, idRule);
const values = z.record(z.string(), z.string().nullable());

/** What became of one row from one version of a table to the next, as `schemas/company-data/change.schema.json` has it. */
export const changeEvent = z
  .object({
    event_id: z.guid().toLowerCase(),
    file_id: z.string().min(1),
    company_id: id,
    table_name: id,
    /** From 1, of this table of this company. */
    version: z.int().min(1),
    row_key: z.string().min(1),
    operation: z.enum(["insert", "update", "delete"]),
    changed_columns: z.array(z.string()),
    before: values.nullable(),
    after: values.nullable(),
    /** When the version became valid: the same for all its changes, later than that of the version before. */
    changed_at: z.iso.datetime({ precision: 3 }),
  })
  .refine(
    ({ operation, before, after }) =>
      (before === null) === (operation === "insert") && (after === null) === (operation === "delete"),
    "an insert has no row before, a delete none after",
  );
export type ChangeEvent = z.infer<typeof changeEvent>;

/** @throws BadRecord when it is no change, with all that is wrong. */
export function parseChange(value: Buffer | null): ChangeEvent {
  if (!value) throw new BadRecord("it has no value");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value));
  } catch {
    throw new BadRecord("it is not JSON");
  }
  const parsed = changeEvent.safeParse(json);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message,
  );
  throw new BadRecord(`it is no change: ${wrong.join("; ")}`);
}

/** The same change of the same version has the same id, whoever works it out, and however often. A UUID, version 8: 122 bits of SHA-256. */
export function eventId(
  event: Pick<ChangeEvent, "company_id" | "table_name" | "version" | "row_key" | "operation" | "before" | "after">,
): string {
  const { company_id, table_name, version, row_key, operation, before, after } = event;
  const digest = sha256(
    JSON.stringify([company_id, table_name, version, row_key, operation, sorted(before), sorted(after)]),
  );
  const variant = ((Number.parseInt(digest[16] as string, 16) & 3) | 8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    variant + digest.slice(17, 20),
    digest.slice(20, 32),
  ].join("-");
}

const sorted = (row: ChangeEvent["before"]) => row && Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
