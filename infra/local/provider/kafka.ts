import { type Admin, Kafka, logLevel } from "kafkajs";

/** How the provider reaches the broker: as the administrator. */
export interface KafkaConnection {
  readonly bootstrap: string;
  readonly username: string;
  readonly password: string;
}

interface Shared {
  readonly admin: Promise<Admin>;
  users: number;
}
/** By connection. The engine asks for many things at once: a login for each would cost more than what is asked. */
const shared = new Map<string, Shared>();
const IDLE_MS = 200;

/** Runs with a connected admin client, which others use at the same time; it is closed when nobody has used it for 0.2 s. */
export async function withAdmin<T>(connection: KafkaConnection, use: (admin: Admin) => Promise<T>): Promise<T> {
  const key = JSON.stringify(connection);
  const mine = shared.get(key) ?? { admin: connect(connection), users: 0 };
  shared.set(key, mine);
  mine.users++;
  let isBroken = true;
  try {
    const result = await use(await mine.admin);
    isBroken = false;
    return result;
  } finally {
    mine.users--;
    // After an error the next user gets a new one.
    if (isBroken && shared.get(key) === mine) shared.delete(key);
    setTimeout(() => void closeIfIdle(key, mine), isBroken ? 0 : IDLE_MS);
  }
}

async function connect(connection: KafkaConnection): Promise<Admin> {
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
  return admin;
}

async function closeIfIdle(key: string, given: Shared): Promise<void> {
  if (given.users > 0) return;
  if (shared.get(key) === given) shared.delete(key);
  // One that never connected has been reported to its users.
  await given.admin.then((admin) => admin.disconnect()).catch(() => undefined);
}

/** Whether the broker could not be reached, as opposed to having answered that something is wrong. */
export function isUnreachable(error: unknown): boolean {
  const name = (error as Error)?.name ?? "";
  const cause = (error as { cause?: Error })?.cause?.name ?? "";
  return [name, cause].some((n) => /KafkaJSConnection|KafkaJSNumberOfRetriesExceeded|KafkaJSBrokerNotFound/.test(n));
}
