import { z } from "zod";
import { appEnv, kafkaEnv, oneName, postgresEnv, wholeNumber } from "../../lib/env";

export const env = appEnv
  .extend(kafkaEnv.shape)
  .extend(postgresEnv.shape)
  .extend({
    WRITES_TOPIC: oneName("topic"),
    /** The tables of the history, which the page shows. */
    READS_TABLE: z.string("the tables of the history"),
    /** Folder of all companies' files. */
    DATA_DIR: z.string("a folder"),
    /** MiB; a larger file is refused with 413. */
    MAX_FILE_MIB: wholeNumber(1, 1_048_576).default(1024),
    /** While Kafka is away, an upload is tried so often, a second apart, before it fails. */
    KAFKA_RETRIES: wholeNumber(0, 10_000).default(20),
  });
export type Env = z.infer<typeof env>;
