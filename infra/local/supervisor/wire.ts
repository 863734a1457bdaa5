import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { UserError } from "../../plan/problems";
import { type Failure, type Reply, type Request, SupervisorError } from "./protocol";

/** Nobody answers on the socket: there is no supervisor, or it is just coming or going. */
export class NobodyAnswers extends Error {}
/** The supervisor ended before it answered. Every request can be sent again. */
export class ConnectionLost extends Error {}

/**
 * Sends one request over the unix socket and waits for its result, however long that takes.
 * @throws NobodyAnswers, ConnectionLost, or what the supervisor failed with: UserError or SupervisorError.
 */
export function ask<T>(socketPath: string, request: Request, progress: (line: string) => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let connected = false;
    socket.once("connect", () => {
      connected = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.once("error", () => undefined); // "close" follows
    socket.once("close", () => {
      const message = connected ? `lost connection to ${socketPath}` : `nobody answers on ${socketPath}`;
      reject(connected ? new ConnectionLost(message) : new NobodyAnswers(message));
    });
    onLines(socket, (line) => {
      const reply = JSON.parse(line) as Reply;
      if ("progress" in reply) return progress(reply.progress);
      if ("failure" in reply) reject(toError(reply.failure));
      else resolve(reply.result as T);
      socket.destroy();
    });
  });
}

/** Whether someone accepts connections on the unix socket. */
export function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => socket.destroy());
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
}

export function onLines(socket: Socket, each: (line: string) => void): void {
  createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
    .on("line", each)
    .on("error", () => undefined);
}

export function toFailure(error: unknown): Failure {
  if (error instanceof UserError) return { message: error.message, problems: error.problems, title: titleOf(error) };
  if (error instanceof SupervisorError) return { message: error.message, ...(error.code && { code: error.code }) };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function toError({ message, code, problems, title }: Failure): Error {
  return problems ? new UserError(problems, title) : new SupervisorError(message, code);
}

function titleOf(error: UserError): string {
  return (error.message.split("\n")[0] ?? "").replace(/:$/, "");
}
