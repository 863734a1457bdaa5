import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { createHttp } from "../../lib/http";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import type { Env, Lake } from "./env";
import { claim, type Folder, incomingFolders, isClaimedBy, removeOld, setAside } from "./folders";
import { isReadable, merge, openDuckDb } from "./merge";
import { createLakeMetrics } from "./metrics";

/** The larger its files, the longer a merge takes: it rests so many times as long, and so takes a twentieth of a processor at most … */
const restFactor = 20;
/** … but no longer than this, so that rows are seen soon. */
const longestRestMs = 3000;
const retentionEveryMs = 600_000;

class TakenOver extends Error {}

/**
 * Keeps lakes: what jobs bring, in many small files, becomes part of few large ones, and is seen by readers then.
 *
 * Delivery: a row of each key once; a row is seen from the moment on when it is safe on disk. Ordering: as it came. Metrics: `lake_*`. Failure: killed at any
 * moment, it goes on with what is there; a file that is no Parquet is set aside, and said so; while the disk is full it waits, and `/health/ready` says so.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const counted = createLakeMetrics(metrics);
  const troubles: Troubles = new Map();
  const http = createHttp({ log, metrics, checks: { lakes: () => troubled(troubles) } });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());
  const scratch = mkdtempSync(join(tmpdir(), "millrace-lake-"));
  shutdown.onClose("scratch", () => rmSync(scratch, { recursive: true, force: true }));

  const { signal } = shutdown;
  const id = randomUUID();
  for (const lake of env.LAKES) claim(lake, id);
  let duckdb: DuckDBConnection | undefined;

  const mergeFolder = async (lake: Lake, folder: Folder): Promise<void> => {
    // Opened for the first file: until then it would only take memory.
    duckdb ??= await openDuckDb(scratch);
    const since = performance.now();
    try {
      const owned = () => {
        if (!isClaimedBy(lake, id)) throw new TakenOver(`another keeper has taken lake ${lake.name} over`);
      };
      const merged = await merge(duckdb, lake, folder, owned);
      counted.merged(lake.name, merged, (performance.now() - since) / 1000);
      log.debug({ lake: lake.name, folder: folder.value, ...merged }, "merged");
    } catch (error) {
      for (const file of folder.incoming) {
        if (await isReadable(duckdb, file)) continue;
        counted.unreadable(lake.name);
        log.error({ lake: lake.name, file: setAside(lake, file) }, "a file that came in is no Parquet: set aside");
      }
      throw error;
    }
  };
  const mergeAll = async (lake: Lake): Promise<void> => {
    const folders = incomingFolders(lake);
    counted.waiting(
      lake.name,
      folders.reduce((sum, { incoming }) => sum + incoming.length, 0),
    );
    for (const folder of folders) {
      if (signal.aborted) return;
      await mergeFolder(lake, folder);
    }
  };
  const work = async (): Promise<void> => {
    let retentionAt = 0;
    while (!signal.aborted) {
      const since = performance.now();
      for (const lake of env.LAKES) {
        // A disk that is full, or a file that was just set aside: what came in is still there.
        const canRetry = (error: unknown) => !(error instanceof TakenOver || error instanceof TypeError);
        await untilItWorks(() => mergeAll(lake), { log, what: `merge into ${lake.name}`, troubles, signal, canRetry });
      }
      if (since >= retentionAt) {
        for (const lake of env.LAKES) {
          const old = removeOld(lake, Date.now());
          if (old.length > 0) log.info({ lake: lake.name, folders: old }, "removed: their time is over");
        }
        retentionAt = since + retentionEveryMs;
      }
      const rest = Math.min(longestRestMs, (performance.now() - since) * restFactor);
      await delay(Math.max(env.INTERVAL_MS, rest), undefined, { signal }).catch(() => undefined);
    }
  };
  log.info({ lakes: env.LAKES.map(({ name }) => name) }, "keeping");
  const working = work().catch((error: unknown) => {
    if (!signal.aborted) shutdown.fail(error);
  });
  shutdown.onClose("merging", () => working);
}
