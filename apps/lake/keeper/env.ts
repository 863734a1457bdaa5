import { z } from "zod";
import { appEnv, wholeNumber } from "../../lib/env";

const allowed = "JSON: a list of lakes, as Millrace plans them";
const folder = z
  .string(allowed)
  .startsWith("file:///", "a URL of a folder: file:///…")
  .transform((url) => new URL(url));

/** As `LakePlan` in `infra/plan/types.ts`. */
const lake = z.object(
  {
    name: z.string(),
    url: folder,
    incoming: folder,
    columns: z.array(z.object({ name: z.string(), duckdb: z.string() })).min(1),
    key: z.string(),
    partitionBy: z.string(),
    retentionMs: z.number().optional(),
    rowsPerFile: z.int(),
  },
  allowed,
);
export type Lake = z.infer<typeof lake>;

export const env = appEnv.extend({
  LAKES: z
    .string(allowed)
    .transform((text, context) => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue(allowed);
        return z.NEVER;
      }
    })
    .pipe(z.array(lake)),
  /** From the end of one look at what has come in to the next, at least. */
  INTERVAL_MS: wholeNumber(50, 60_000).default(500),
});
export type Env = z.infer<typeof env>;
