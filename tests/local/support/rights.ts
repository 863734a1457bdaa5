import { readFileSync } from "node:fs";
import { Client } from "pg";
import { supervisorOf } from "../../../infra/local/supervisor/client";
import { kafkaAs } from "./garbage";
import { outputs, root } from "./stack";

/** What an attempt came to: the right is there, or it is refused for the want of it. */
export type Answer = "allowed" | "refused";

/** Password of the Kafka user and Postgres role of this name, from the environment of the process that it was given to. */
export async function passwordOf(principal: string): Promise<string> {
  const variable = principal.toUpperCase().replace(/-CAPTURE$/, "");
  const places: Record<string, [process: string, variable: string]> = {
    flink: ["flink-jobmanager", "FLINK_JAAS"],
    connect: ["connect", "CONNECT_JAAS"],
    ...(principal.endsWith("-capture") && { [principal]: ["connect", `CONNECT_JAAS_${variable}`] }),
  };
  const [name, wanted] = places[principal] ?? [principal, "KAFKA_PASSWORD"];
  const { pid } = (await supervisorOf(root).status({ memory: false }))?.find((one) => one.name === name) ?? {};
  const environment = new Map(
    readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .map((entry): [string, string] => [entry.replace(/=.*$/s, ""), entry.replace(/^[^=]*=/, "")]),
  );
  const value = environment.get(wanted) ?? environment.get("PGPASSWORD") ?? "";
  return /password="([^"]*)"/.exec(value)?.[1] ?? value;
}

interface Broker {
  fetch(request: object): Promise<unknown>;
  produce(request: object): Promise<unknown>;
}
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findControllerBroker(): Promise<Broker>;
}

/** No topic has so many: whoever may use the topic is told that there is no such partition, and nothing is read or written. */
const partition = 9999;

/** Tries to read and to write each topic as this user. */
export async function tryTopics(user: string, topics: readonly string[]): Promise<Map<string, Answer>> {
  const kafka = kafkaAs(user, await passwordOf(user));
  // A consumer of kafkajs needs a group, and a producer keeps trying; the requests themselves are only to be had from its inside.
  const make = Object.getOwnPropertySymbols(kafka).find((symbol) => symbol.description?.endsWith(":createCluster"));
  const cluster = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[make as symbol]?.({
    metadataMaxAge: 60_000,
  }) as Cluster;
  await cluster.connect();
  try {
    await cluster.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    const found = new Map<string, Answer>();
    for (const topic of topics) {
      const partitions = [{ partition, fetchOffset: "0", maxBytes: 1 }];
      const messages = [{ key: null, value: Buffer.from("x"), headers: {}, timestamp: Date.now() }];
      const read = broker.fetch({ isolationLevel: 0, maxWaitTime: 1, topics: [{ topic, partitions }] });
      found.set(`${user} reads ${topic}`, await answer(read));
      const write = broker.produce({ topicData: [{ topic, partitions: [{ partition, messages }] }] });
      found.set(`${user} writes ${topic}`, await answer(write));
    }
    return found;
  } finally {
    await cluster.disconnect();
  }
}

async function answer(attempt: Promise<unknown>): Promise<Answer> {
  const type = await attempt.then(
    () => "no error",
    (error: { type?: string; message: string }) => error.type ?? error.message,
  );
  if (type === "TOPIC_AUTHORIZATION_FAILED") return "refused";
  if (type === "UNKNOWN_TOPIC_OR_PARTITION") return "allowed";
  throw new Error(`neither allowed nor refused: ${type}`);
}

export interface TableColumns {
  readonly database: string;
  readonly table: string;
  readonly column: string;
}

/** Tries every privilege on each table as this role. Rights are looked at when a plan is begun, so EXPLAIN tries and changes nothing. */
export async function tryTables(role: string, tables: readonly TableColumns[]): Promise<Map<string, Answer>> {
  const found = new Map<string, Answer>();
  const password = await passwordOf(role);
  for (const { database, table, column } of tables) {
    const statements = {
      SELECT: `SELECT "${column}" FROM "${table}"`,
      INSERT: `INSERT INTO "${table}" DEFAULT VALUES`,
      UPDATE: `UPDATE "${table}" SET "${column}" = DEFAULT`,
      DELETE: `DELETE FROM "${table}"`,
    };
    for (const [privilege, statement] of Object.entries(statements))
      found.set(`${role} ${privilege} ${database}.${table}`, await explain(role, password, database, statement));
  }
  return found;
}

async function explain(role: string, password: string, database: string, statement: string): Promise<Answer> {
  const { hostname: host, port } = new URL(outputs().postgres);
  const client = new Client({ host, port: Number(port), user: role, password, database });
  try {
    await client.connect();
    await client.query(`EXPLAIN ${statement}`);
    return "allowed";
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "42501") return "refused";
    throw new Error(`neither allowed nor refused: ${role} in ${database}: ${message}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
