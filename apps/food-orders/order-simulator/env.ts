import { z } from "zod";
import { appEnv, postgresEnv, wholeNumber } from "../../lib/env";

const rate = "a number from 0.1 to 10000";

export const env = appEnv.extend(postgresEnv.shape).extend({
  /** New orders a second. */
  ORDERS_PER_SECOND: z
    .string(rate)
    .regex(/^\d{1,5}(\.\d{1,3})?$/, rate)
    .transform(Number)
    .refine((value) => value >= 0.1 && value <= 10_000, rate)
    .default(5),
  /** Orders of the last so many hours stay in the table, so that a laptop left running does not fill up. */
  KEEP_HOURS: wholeNumber(1, 8760).default(24),
  /** The same seed makes the same orders. */
  SEED: wholeNumber(0, 2_147_483_647).default(1),
});
export type Env = z.infer<typeof env>;
