import fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { Logger } from "./log";

/** State of one thing that the app depends on: undefined when it is fine, otherwise what is wrong. Throwing counts as wrong, too. */
export type Check = () => string | undefined | Promise<string | undefined>;

export interface HttpArgs {
  readonly log: Logger;
  /** By the name of the dependency. */
  readonly checks: Readonly<Record<string, Check>>;
  readonly metrics: Registry;
  /** Of apps with an API: the document that `GET /openapi.json` answers with. */
  readonly openapi?: () => object;
  /** Bytes; a longer body is refused with 413. Default 1 MiB. */
  readonly bodyLimit?: number;
}

/** A check that takes longer counts as wrong: whoever asks waits no longer than this. */
const checkLimitMs = 2000;

/**
 * `GET /health/live`: the process answers. `GET /health/ready`: each dependency's state, 503 when one is down. `GET /metrics`: Prometheus text.
 * The caller adds its own routes, and closes it.
 */
export function createHttp({ log, checks, metrics, openapi, bodyLimit = 1_048_576 }: HttpArgs): FastifyInstance {
  const server = fastify({ logger: false, bodyLimit });
  server.get("/health/live", () => ({ status: "ok" }));
  server.get("/health/ready", async (_, reply) => {
    const states = await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await stateOf(check)]));
    const ready = states.every(([, state]) => state === "ok");
    return reply
      .status(ready ? 200 : 503)
      .send({ status: ready ? "ok" : "unavailable", dependencies: Object.fromEntries(states) });
  });
  server.get("/metrics", async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  if (openapi) server.get("/openapi.json", () => openapi());

  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.status(status).send({ error: error.message });
    // What is ours to mend is no news to the caller.
    log.error({ method: request.method, url: request.url, error: error.stack }, "a request failed");
    return reply.status(status).send({ error: "internal error" });
  });
  return server;
}

async function stateOf(check: Check): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, checkLimitMs, `no answer within ${checkLimitMs / 1000} s`);
  });
  try {
    return (await Promise.race([Promise.resolve().then(check), late])) ?? "ok";
  } catch (error) {
    return (error as Error).message || (error as Error).name;
  } finally {
    clearTimeout(timer);
  }
}
