import type { z } from "zod";
import { appEnv, kafkaEnv, oneName, postgresEnv, wholeNumber } from "../lib/env";

export const env = appEnv
  .extend(kafkaEnv.shape)
  .extend(postgresEnv.shape)
  .extend({
    READS_TOPIC: oneName("topic"),
    WRITES_TABLE: oneName("table"),
    REJECTS_TOPIC: oneName("topic"),
    OFFSETS_TABLE: oneName("table"),
    /** Records of one transaction, at most. Default 20000. */
    BATCH_RECORDS: wholeNumber(1, 1_000_000).default(20_000),
    /** How long a killed member holds its partitions. Default 3000; the broker's `group.min.session.timeout.ms` is the least. */
    SESSION_TIMEOUT_MS: wholeNumber(1000, 300_000).default(3000),
  });
export type Env = z.infer<typeof env>;
