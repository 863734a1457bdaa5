import pino, { type DestinationStream, type Logger } from "pino";

export type { Logger };

/** JSON lines on standard output. Passwords are struck out, should one ever be handed over. */
export const createLogger = (app: string, to: DestinationStream = pino.destination({ dest: 1, sync: true })): Logger =>
  pino(
    {
      base: { app },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ["password", "*.password", "PGPASSWORD", "*.PGPASSWORD", "KAFKA_PASSWORD", "*.KAFKA_PASSWORD"],
    },
    to,
  );
