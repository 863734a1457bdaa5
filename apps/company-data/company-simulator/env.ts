import { z } from "zod";
import { appEnv, wholeNumber } from "../../lib/env";

const url = "a URL with http or https";

export const env = appEnv.extend({
  /** Of the app that takes the files. */
  CALLS_URL: z.url({ protocol: /^https?$/, error: url }),
  /** Files of all companies together. */
  UPLOADS_PER_MINUTE: wholeNumber(1, 6000).default(6),
  /** Rows of a company's first file. */
  ROWS: wholeNumber(1, 1_000_000).default(40),
  /** Stops after so many files; the process stays. Default: never. */
  MAX_UPLOADS: wholeNumber(1, 1_000_000_000).optional(),
  /** The same seed makes the same files in the same order. */
  SEED: wholeNumber(0, 2_147_483_647).default(1),
});
export type Env = z.infer<typeof env>;
