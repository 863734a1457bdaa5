import { type Admin, Kafka, logLevel } from "kafkajs";

/** How the provider reaches the broker: as the administrator. */
export interface KafkaConnection {
  readonly bootstrap: string;
  readonly username: string;
  readonly password: string;
}

/** Runs with a connected admin client, and closes it. */
export async function withAdmin<T>(connection: KafkaConnection, use: (admin: Admin) => Promise<T>): Promise<T> {
  const kafka = new Kafka({
    clientId: "millrace-provider",
    brokers: [connection.bootstrap],
    sasl: { mechanism: "plain", username: connection.username, password: connection.password },
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
    retry: { retries: 4, initialRetryTime: 100 },
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Whether the broker could not be reached, as opposed to having answered that something is wrong. */
export function isUnreachable(error: unknown): boolean {
  const name = (error as Error)?.name ?? "";
  const cause = (error as { cause?: Error })?.cause?.name ?? "";
  return [name, cause].some((n) => /KafkaJSConnection|KafkaJSNumberOfRetriesExceeded|KafkaJSBrokerNotFound/.test(n));
}
