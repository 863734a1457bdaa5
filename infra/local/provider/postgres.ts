import { Client, escapeIdentifier, escapeLiteral } from "pg";

/** How the provider reaches the server: as its superuser. */
export interface PostgresConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Runs with a connection to one database, and closes it. */
export async function withPostgres<T>(
  connection: PostgresConnection,
  database: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ ...connection, database, connectionTimeoutMillis: 5000, application_name: "millrace" });
  client.on("error", () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Whether the server could not be reached, as opposed to having answered that something is wrong. */
export function isUnreachable(error: unknown): boolean {
  const code = (error as { code?: string })?.code ?? "";
  return ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "57P03", "57P01"].includes(code);
}

/** How it was known when the server cannot be reached. */
export async function readOr<S>(state: S, read: () => Promise<S | undefined>): Promise<S | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isUnreachable(error)) return state;
    throw error;
  }
}

/** Identifiers cannot be parameters: quoted here, once. */
export const identifier = escapeIdentifier;
/** For statements that take no parameters (`ALTER ROLE … PASSWORD`). */
export const literal = escapeLiteral;
