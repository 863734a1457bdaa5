import { z } from "zod";
import { appEnv, kafkaEnv, oneName, postgresEnv, wholeNumber } from "../../lib/env";

export const env = appEnv
  .extend(kafkaEnv.shape)
  .extend(postgresEnv.shape)
  .extend({
    READS_TOPIC: oneName("topic"),
    REJECTS_TOPIC: oneName("topic"),
    /** `cdc_events,company_data`: the tables of the history. */
    WRITES_TABLE: z.string("the tables of the history"),
    /** Folder of the Parquet files. */
    PARQUET_DIR: z.string("a folder"),
    /** A table's compacted file is written anew so long after a change, at the earliest. */
    COMPACT_AFTER_MS: wholeNumber(0, 86_400_000).default(30_000),
    /** How long a killed member holds its partitions. Default 3000; the broker's `group.min.session.timeout.ms` is the least. */
    SESSION_TIMEOUT_MS: wholeNumber(1000, 300_000).default(3000),
  });
export type Env = z.infer<typeof env>;
