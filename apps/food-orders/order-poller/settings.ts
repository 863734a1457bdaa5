import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Duration } from "../../../infra/model";
import { durationWords, milliseconds } from "../../../infra/plan/duration";
import { nearest, type Problem, refuse } from "../../../infra/plan/problems";

const duration = (lowMs: number, highMs: number, range: string) => {
  const allowed = `a length of time from ${range}, like ${durationWords}`;
  return z
    .string(allowed)
    .transform((text) => milliseconds(text as Duration))
    .refine((ms) => ms >= lowMs && ms <= highMs, allowed);
};
const column = z.string("the name of a column").regex(/^[^\0]{1,63}$/, "the name of a column");
const rows = "a whole number from 1 to 10000";

/** Everything in `order-poller.yaml`. */
const schema = z.strictObject(
  {
    /** Rows are read in this order; the two together tell every row apart, and neither ever changes. */
    cursor: z.strictObject({ time: column, key: column }, "time and key, each the name of a column"),
    /** From the end of one look at the table to the next. */
    pollInterval: duration(50, 86_400_000, "50 ms to 1 day"),
    /** Rows of one batch, at most. While batches are full, the next is read at once. */
    batchRows: z.int(rows).min(1, rows).max(10_000, rows),
    /**
     * The longest time, by the clock of the source, from a row's `cursor.time` to the moment when others see the row: as long as the longest transaction that
     * writes such rows. A row that takes longer may be missed. Rows of twice this time are remembered, in about 200 bytes each.
     */
    overlap: duration(0, 86_400_000, "0 ms to 1 day"),
    /** While the source is away: the pause after the first failure, doubled up to the longest. */
    retry: z.strictObject(
      { first: duration(10, 60_000, "10 ms to 1 minute"), longest: duration(10, 3_600_000, "10 ms to 1 hour") },
      "first and longest, each a length of time",
    ),
  },
  "the keys of a poller: cursor, pollInterval, batchRows, overlap, retry",
);
/** Lengths of time in milliseconds. */
export type Settings = z.infer<typeof schema>;

/** @param file as a person knows it, for messages. @throws UserError with everything that is wrong */
export function readSettings(text: string, file: string): Settings {
  const { settings, problems } = parseSettings(text, file);
  refuse(problems, "The poller's settings cannot be used");
  return settings as Settings;
}

export function parseSettings(text: string, file: string): { settings?: Settings; problems: Problem[] } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => {
      return { file, line: counter.linePos(pos[0]).line, message: `This is not right YAML: ${message}` };
    });
    return { problems };
  }
  const given: unknown = document.toJS();
  const result = schema.safeParse(given);
  if (result.success) return { settings: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, file, given)) };
}

function problemsOf(issue: z.core.$ZodIssue, file: string, given: unknown): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(path[0] === "cursor" || path[0] === "retry" ? schema.shape[path[0]].shape : schema.shape);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const fix = meant ? `Did you mean ${meant}?` : "Remove it.";
      return {
        file,
        path: [...path, key].join("."),
        message: "There is no such key.",
        given: key,
        allowed: known,
        fix,
      };
    });
  }
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], given);
  const place = { file, path: path.join(".") };
  if (value === undefined || value === null) return [{ ...place, message: "It is not set.", allowed: issue.message }];
  return [{ ...place, message: "It is wrong.", given: value, allowed: issue.message }];
}
