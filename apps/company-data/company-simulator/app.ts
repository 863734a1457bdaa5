import { setTimeout as delay } from "node:timers/promises";
import { Counter } from "prom-client";
import { Unavailable } from "../../lib/errors";
import { createHttp } from "../../lib/http";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { seeded } from "../../lib/random";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import type { Env } from "./env";
import { change, companies, csvOf, firstTable, type Table } from "./tables";

const answerLimitMs = 60_000;

/**
 * Plays companies that upload their accounts, again and again with some changes.
 *
 * Delivery: a file is sent until it is taken. Metrics: `files_total`. Failure: while nobody takes files it waits, and `/health/ready` says so.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const files = new Counter({ name: "files_total", help: "Files that were taken", registers: [metrics] });
  const troubles: Troubles = new Map();
  const http = createHttp({ log, metrics, checks: { uploads: () => troubled(troubles) } });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());

  const { signal } = shutdown;
  const random = seeded(env.SEED);
  const tables = companies.map((company) => firstTable(company, env.ROWS, random, new Date()));
  const send = async (table: Table): Promise<void> => {
    await untilItWorks(() => upload(env.CALLS_URL, table, signal), { log, what: "upload a file", troubles, signal });
    files.inc();
  };
  const work = async (): Promise<void> => {
    const most = env.MAX_UPLOADS ?? Number.POSITIVE_INFINITY;
    for (let count = 0; count < most && !signal.aborted; count++) {
      const table = tables[count % tables.length] as Table;
      // Everyone's first file at once.
      if (count >= tables.length) {
        await delay(60_000 / env.UPLOADS_PER_MINUTE, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        change(table, random, new Date());
      }
      await send(table);
    }
  };
  log.info({ uploadsPerMinute: env.UPLOADS_PER_MINUTE, seed: env.SEED }, "uploading files");
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("uploads", () => working);
}

/** @throws Unavailable when it was not taken, and may be later */
async function upload(url: string, table: Table, signal: AbortSignal): Promise<void> {
  const form = new FormData();
  form.set("key_columns", "account_id");
  form.set("file", new Blob([csvOf(table)], { type: "text/csv" }), `${table.company}_${table.table}.csv`);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]);
  const response = await fetch(new URL("/upload", url), { method: "POST", body: form, signal: limit });
  const answer = await response.text();
  if (response.ok) return;
  if (response.status >= 500) throw new Unavailable(`${response.status} ${answer}`);
  throw new Error(`the file of ${table.company} is refused: ${response.status} ${answer}`);
}
