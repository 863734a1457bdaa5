import { z } from "zod";
import { appEnv, kafkaEnv, oneName, postgresEnv, wholeNumber } from "../../lib/env";

const rate = "a number from 0.1 to 1000000";
const share = "a share from 0 to 1";
const shareOf = (value: number) =>
  z
    .string(share)
    .regex(/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/, share)
    .transform(Number)
    .default(value);

export const env = appEnv
  .extend(kafkaEnv.shape)
  .extend(postgresEnv.shape)
  .extend({
    WRITES_TOPIC: oneName("topic"),
    WRITES_TABLE: oneName("table"),
    /** Records a second over a whole day; the hours differ as people's do. */
    RATE_PER_SECOND: z
      .string(rate)
      .regex(/^\d{1,7}(\.\d{1,3})?$/, rate)
      .transform(Number)
      .refine((value) => value >= 0.1 && value <= 1_000_000, rate)
      .default(20),
    /** Whether the rate follows the day, or stays the same all the time. */
    DAY_CURVE: z.enum(["on", "off"], "on or off").default("on"),
    /** Stops after so many records; the process stays. Default: never. */
    MAX_RECORDS: wholeNumber(1, 1_000_000_000).optional(),
    /** The same seed makes the same payments in the same order, apart from their times. */
    SEED: wholeNumber(0, 2_147_483_647).default(1),
    /** Of records that break one rule or several, or cannot be read: each kind as often as the others. */
    BROKEN_SHARE: shareOf(0.01),
    /** Of records that are sent a second time, a little later. */
    DUPLICATE_SHARE: shareOf(0.005),
    /** Of records that happened up to LATE_DAYS before they are sent. */
    LATE_SHARE: shareOf(0.001),
    /** How late the latest are. */
    LATE_DAYS: wholeNumber(1, 365).default(2),
  });
export type Env = z.infer<typeof env>;
