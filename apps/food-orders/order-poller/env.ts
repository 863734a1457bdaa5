import { z } from "zod";
import { appEnv, kafkaEnv, oneName, postgresEnv, wholeNumber } from "../../lib/env";

const folder = "a folder that stays from one start to the next, absolute";

export const env = appEnv
  .extend(kafkaEnv.shape)
  .extend(postgresEnv.shape)
  .extend({
    READS_TABLE: oneName("table"),
    WRITES_TOPIC: oneName("topic"),
    /** The text of order-poller.yaml. */
    SETTINGS_YAML: z.string("the text of order-poller.yaml"),
    /** Where the cursor is kept. */
    STATE_FOLDER: z.string(folder).startsWith("/", folder),
    /** Instead of `pollInterval`, where an environment needs another. */
    POLL_INTERVAL_MS: wholeNumber(50, 86_400_000).optional(),
  });
export type Env = z.infer<typeof env>;
