import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Bench } from "../bench/stack";

/** Commits a row with the time every 50 ms, so that it can be told how much of what was acknowledged is lost. */
export interface Commits {
  /** Epoch ms, of each commit that was acknowledged. */
  readonly acknowledged: readonly number[];
  /** Epoch ms of the newest commit that the database has. */
  newestThere(): Promise<number>;
  /** Returns when it has ended. */
  stop(): Promise<void>;
}

const everyMs = 50;

export async function commitAllTheTime(stack: Bench): Promise<Commits> {
  await stack.query("entities", "CREATE SCHEMA drill; CREATE TABLE drill.commits (at bigint PRIMARY KEY)");
  const { hostname: host, port, username: user } = new URL(String(stack.outputs.postgres));
  const password = stack.outputs.postgresPassword ?? "";
  const client = new Client({ host, port: Number(port), user, password, database: "entities" });
  let stopped = false;
  client.on("error", () => {
    stopped = true;
  });
  await client.connect();
  const acknowledged: number[] = [];
  const work = async () => {
    while (!stopped) {
      const at = Date.now();
      await client.query("INSERT INTO drill.commits VALUES ($1)", [at]);
      acknowledged.push(at);
      await delay(everyMs);
    }
  };
  // The disaster ends it.
  const working = work().catch(() => undefined);
  return {
    acknowledged,
    async newestThere() {
      const [row] = await stack.query<{ at: string }>("entities", "SELECT max(at) AS at FROM drill.commits");
      return Number(row?.at);
    },
    async stop() {
      stopped = true;
      await working;
      await client.end().catch(() => undefined);
    },
  };
}
