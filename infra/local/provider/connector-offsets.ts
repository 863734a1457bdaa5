import { copySlot, dropHeld, dropSlot, type HeldSlot, heldSlots } from "../backup/slots";
import { bytesOf } from "../backup/wal";
import { isStatus, request } from "../http";
import { until } from "../supervisor/until";
import { type PostgresConnection, withPostgres } from "./postgres";

export interface ConnectorSource {
  readonly postgres: PostgresConnection;
  readonly database: string;
  readonly slot: string;
  /** Whether the stack has backups. If not, no slot is held for them once the connector runs: it would keep back log for nobody. */
  readonly backedUp: boolean;
}

/** What Debezium keeps in Kafka of how far it has read: places in the log as numbers, and `snapshot` while one is under way. */
export interface Offset {
  readonly lsn?: number;
  readonly snapshot?: string | boolean;
}
interface Offsets {
  readonly offsets: readonly { readonly partition: object; readonly offset: Offset | null }[];
}

const url = (connect: string, name: string, path = "") => `${connect}/connectors/${name}${path}`;

/** Undefined when it has not begun. The connector must be there. */
export async function offsetOf(connect: string, name: string): Promise<Offset | undefined> {
  const { offsets } = await request<Offsets>("GET", url(connect, name, "/offsets"));
  return offsets[0]?.offset ?? undefined;
}

/** The connector with no task running, made or stopped. */
export async function createStopped(
  connect: string,
  name: string,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const exists = await request("GET", url(connect, name)).then(
    () => true,
    (error) => {
      if (isStatus(error, 404)) return false;
      throw error;
    },
  );
  if (exists) {
    await request("PUT", url(connect, name, "/config"), config);
    await request("PUT", url(connect, name, "/stop"));
  } else await request("POST", `${connect}/connectors`, { name, config, initial_state: "STOPPED" });
  const limitMs = 30_000;
  if (!(await until(() => isStopped(connect, name), { limitMs, everyMs: 100 })))
    throw new Error(`connector ${name} has not stopped within ${limitMs / 1000} s`);
}

async function isStopped(connect: string, name: string): Promise<boolean> {
  type Status = { connector: { state: string }; tasks: unknown[] };
  const status = await request<Status>("GET", url(connect, name, "/status")).catch((error) => {
    if (isStatus(error, 404) || isStatus(error, 409)) return undefined;
    throw error;
  });
  return status?.connector.state === "STOPPED" && status.tasks.length === 0;
}

/** Makes Debezium begin at this place of the log, and read no snapshot. The connector must be stopped. */
export async function setOffset(
  connect: string,
  name: string,
  config: Readonly<Record<string, string>>,
  lsn: string,
): Promise<void> {
  const partition = { server: config["topic.prefix"] };
  await request("PATCH", url(connect, name, "/offsets"), {
    offsets: [{ partition, offset: { lsn: Number(bytesOf(lsn)), ts_usec: 0 } }],
  });
}

/** The newest slot that a backup holds beside the capture's. */
export async function heldSlot({ postgres, database, slot }: ConnectorSource): Promise<HeldSlot | undefined> {
  return withPostgres(postgres, database, async (client) =>
    (await heldSlots(client, slot)).filter(({ lost }) => !lost).at(-1),
  );
}

/** Puts the capture's slot where the held one stands, which stays. */
export async function replaceSlot({ postgres, database, slot }: ConnectorSource, held: HeldSlot): Promise<void> {
  await withPostgres(postgres, database, async (client) => {
    await dropSlot(client, slot);
    await copySlot(client, held.name, slot);
  });
}

export const releaseHeld = ({ postgres, database, slot }: ConnectorSource): Promise<void> =>
  withPostgres(postgres, database, (client) => dropHeld(client, slot));
