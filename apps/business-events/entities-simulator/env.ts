import { z } from "zod";
import { appEnv, postgresEnv, wholeNumber } from "../../lib/env";

const rate = "a number from 0.1 to 10000";

export const env = appEnv.extend(postgresEnv.shape).extend({
  /** Changed rows a second, all tables together. */
  CHANGES_PER_SECOND: z
    .string(rate)
    .regex(/^\d{1,5}(\.\d{1,3})?$/, rate)
    .transform(Number)
    .refine((value) => value >= 0.1 && value <= 10_000, rate)
    .default(20),
  /** Stops after so many changed rows; the process stays. Default: never. */
  MAX_CHANGES: wholeNumber(1, 1_000_000_000).optional(),
  /** The same seed makes the same changes in the same order, from the same tables. */
  SEED: wholeNumber(0, 2_147_483_647).default(1),
});
export type Env = z.infer<typeof env>;
