import { get } from "node:http";
import { connect } from "node:net";
import type { ReadyProbe } from "./protocol";
import { until } from "./until";

const EVERY_MS = 100;
/** Longest that one look may take. */
const LOOK_MS = 2_000;

/** True when the probe succeeds within the limit; false when the limit passes or the signal is given. */
export function becomesReady(probe: ReadyProbe, limitMs: number, signal: AbortSignal): Promise<boolean> {
  return until(() => look(probe), { limitMs, everyMs: EVERY_MS, signal });
}

function look(probe: ReadyProbe): Promise<boolean> {
  if ("http" in probe) return answers(probe.http, probe.contains);
  return "tcp" in probe ? accepts(probe.tcp) : letsIn(probe.postgres);
}

export function describeProbe(probe: ReadyProbe): string {
  if ("tcp" in probe) return `nothing accepts connections on 127.0.0.1:${probe.tcp}`;
  if ("postgres" in probe) return `Postgres does not let clients in at 127.0.0.1:${probe.postgres}`;
  const body = probe.contains === undefined ? "" : ` with ${JSON.stringify(probe.contains)} in its body`;
  return `GET ${probe.http} does not answer 2xx${body}`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: LOOK_MS });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

function answers(url: string, contains: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: LOOK_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("error", () => resolve(false));
      response.once("close", () => resolve(false));
      response.once("end", () => {
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 300 && body.includes(contains ?? ""));
      });
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}

/** As pg_isready asks: the first words of a session, which need no password. */
function letsIn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: LOOK_MS });
    let answer = Buffer.alloc(0);
    socket.once("connect", () => socket.write(startupMessage({ user: "postgres", database: "postgres" })));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      const whole = answer.length >= 5 && answer.length > answer.readUInt32BE(1);
      if (whole) socket.destroy();
    });
    socket.once("timeout", () => socket.destroy());
    socket.once("error", () => undefined);
    // 57P03 is "cannot connect now"; any other refusal comes from a server that is up.
    socket.once("close", () => resolve(/^[RE]/.test(answer.toString("latin1")) && !answer.includes("C57P03\0")));
  });
}

function startupMessage(parameters: Record<string, string>): Buffer {
  const PROTOCOL_3_0 = 196_608;
  const words = Object.entries(parameters).flat();
  const body = Buffer.from(`${words.join("\0")}\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + body.length, 0);
  head.writeUInt32BE(PROTOCOL_3_0, 4);
  return Buffer.concat([head, body]);
}
