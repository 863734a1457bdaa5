import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isOutside } from "../../lib/errors";
import { createHttp } from "../../lib/http";
import { createKafka, kafkaAnswers } from "../../lib/kafka";
import type { Logger } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { answers, createPool } from "../../lib/postgres";
import { untilItWorks } from "../../lib/retry";
import type { Shutdown } from "../../lib/shutdown";
import { type Troubles, troubled } from "../../lib/troubles";
import { BadFile } from "./detect";
import type { Env } from "./env";
import { historyRoutes } from "./history";
import { createIngestMetrics } from "./metrics";
import { openapi } from "./openapi";
import { pageRoute } from "./page";
import { createProgress, type ProgressBoard } from "./progress";
import { createPublisher, Undecided } from "./publish";
import { Refused, receive } from "./receive";
import { createUploads, fileIn, LostVersion, newFolderName, type Uploads } from "./upload";
import { Versions } from "./versions";

/**
 * Takes companies' files, compares each with the version before, and publishes what changed.
 *
 * Delivery: a version's changes once, all or none, in a Kafka transaction, before it becomes current. Ordering: by row. Metrics: `uploads_*`. Failure: an
 * upload that fails leaves nothing behind and can be sent again; while Kafka is away it waits, and fails whole with 503.
 */
export async function start(env: Env, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics(env.APP_NAME);
  const counted = createIngestMetrics(metrics);
  const troubles: Troubles = new Map();
  const kafka = createKafka(env.APP_NAME, env, log, env.KAFKA_RETRIES);
  const asked = createKafka(env.APP_NAME, env, log, 0);
  const pool = createPool(env.APP_NAME, env, log);
  shutdown.onClose("postgres", () => pool.end());
  const versions = new Versions(env.DATA_DIR);
  await versions.begin();
  const { APP_NAME: app, WRITES_TOPIC: topic } = env;
  const publisher = createPublisher({ kafka, app, topic, versions });
  const versionInHistory = async (company: string, table: string): Promise<number> => {
    const { rows } = await pool.query(
      "SELECT coalesce(max(version), 0) AS version FROM cdc_events WHERE company_id = $1 AND table_name = $2",
      [company, table],
    );
    return rows[0].version;
  };
  const uploads = createUploads({ versions, publisher, log, versionInHistory });
  const board = createProgress();
  const kafkaState = () => kafkaAnswers(asked);

  const http = createHttp({
    log,
    metrics,
    openapi: () => openapi(env.MAX_FILE_MIB),
    checks: { kafka: kafkaState, postgres: () => answers(pool), uploads: () => troubled(troubles) },
  });
  await http.register(multipart, {
    limits: {
      files: 1,
      fields: 8,
      parts: 9,
      fieldNameSize: 100,
      fieldSize: 4096,
      headerPairs: 20,
      fileSize: env.MAX_FILE_MIB * 1_048_576,
    },
  });
  routes(http, { versions, uploads, board, log, counted });
  historyRoutes(http, versions, pool);
  pageRoute(http);
  http.get("/health", async () => {
    const wrong = await kafkaState().catch((error: Error) => error.message);
    return { status: wrong ? "DEGRADED" : "UP", kafka: wrong ? "DOWN" : "UP", timestamp: new Date().toISOString() };
  });
  await http.listen({ host: env.HOST, port: env.PORT });
  shutdown.onClose("http", () => http.close());

  const { signal } = shutdown;
  await untilItWorks(() => uploads.settleAll(), { log, what: "settle interrupted uploads", troubles, signal });
  log.info({ folder: env.DATA_DIR, writes: topic }, "taking uploads");
}

interface RouteArgs {
  readonly versions: Versions;
  readonly uploads: Uploads;
  readonly board: ProgressBoard;
  readonly log: Logger;
  readonly counted: ReturnType<typeof createIngestMetrics>;
}

function routes(http: FastifyInstance, { versions, uploads, board, log, counted }: RouteArgs): void {
  http.post("/upload", async (request, reply) => {
    refuseOtherSites(request);
    const folder = newFolderName();
    const path = await versions.incoming(folder);
    const file = fileIn(path);
    const tell = board.follow(String(request.headers["x-upload-id"] ?? ""));
    tell({ stage: "receiving", bytes: 0 });
    const end = counted.begin();
    try {
      const args = await receive(request, file, tell).catch(async (error) => {
        await versions.removeIncoming(path);
        throw error;
      });
      const result = await uploads.take(file, path, args, tell);
      end("stored", result);
      return {
        message: "File processed successfully",
        file_id: result.fileId,
        company_id: args.company,
        changes_detected: result.changes,
      };
    } catch (error) {
      const answer = answerTo(error);
      end(answer && answer.status < 500 ? "refused" : "failed");
      tell({ stage: "failed", error: answer?.body.error ?? "internal error" });
      if (!answer) throw error;
      if (answer.status >= 500) log.error({ error: (error as Error).stack }, "an upload failed");
      return send(reply, answer);
    }
  });

  http.get<{ Params: { id: string } }>("/uploads/:id", async (request, reply) => {
    const progress = board.read(request.params.id);
    return progress ?? reply.status(404).send({ error: "There is no such upload, or it was long ago." });
  });
}

/** A page of another site must not upload with what its visitor may do. */
function refuseOtherSites({ headers }: FastifyRequest): void {
  if (headers.origin === undefined) return;
  const host = URL.canParse(headers.origin) ? new URL(headers.origin).host : undefined;
  if (host !== headers.host) throw new Refused(403, "Uploads from pages of other sites are not taken.");
}

interface Answer {
  readonly status: number;
  readonly body: { readonly error: string; readonly problems?: BadFile["problems"] };
}

/** For the caller; undefined when it is our bug. */
function answerTo(error: unknown): Answer | undefined {
  const { code, statusCode, message } = error as NodeJS.ErrnoException & { statusCode?: number };
  if (error instanceof BadFile)
    return { status: 400, body: { error: "The file cannot be taken.", problems: error.problems } };
  if (code === "ENOSPC" || code === "EDQUOT")
    return {
      status: 507,
      body: { error: "There is no room on the disk. Nothing was changed: send the file again later." },
    };
  if (error instanceof Undecided)
    return {
      status: 503,
      body: {
        error:
          "It is not known yet whether the changes were published. Send the file again: what is there is not published twice.",
      },
    };
  if (error instanceof LostVersion) return { status: 409, body: { error: message } };
  if (isOutside(error))
    return {
      status: 503,
      body: { error: "Kafka or Postgres does not answer. Nothing was changed: send the file again later." },
    };
  if (statusCode !== undefined && statusCode < 500) return { status: statusCode, body: { error: message } };
  return undefined;
}

function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  if (status === 503) reply.header("retry-after", "10");
  // The rest of a body that is not read any more must not be taken for another request.
  return reply.status(status).header("connection", "close").send(body);
}
