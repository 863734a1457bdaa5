import { chmodSync, existsSync, rmSync } from "node:fs";
import { createServer, type Socket, type Server as SocketServer } from "node:net";
import { basename } from "node:path";
import { claim, isClaimed, releaseClaim } from "./claim";
import { createConnectors } from "./connectors";
import { createJobs } from "./jobs";
import { note } from "./logs";
import { type StackPaths, stackPaths } from "./paths";
import { createProcesses } from "./processes";
import { type Keeper, type Reply, type Request, SupervisorError } from "./protocol";
import { until } from "./until";
import { answers, onLines, toFailure } from "./wire";

/** The supervisor of one stack: a process that lives as long as there is something to keep running. Argument: the stack's folder. */
interface Supervisor {
  readonly stack: StackPaths;
  readonly keepers: readonly Keeper[];
  /** Requests that are being worked on. */
  pending: number;
  /** Was asked for more than how things are. Before, having nothing to keep is no reason to leave: who started it is about to ask. */
  isUsed: boolean;
  readonly sockets: SocketServer;
}

/** Started, but nobody asks for anything: whoever started it is gone. */
const UNASKED_MS = 20_000;
const LOOK_AFTER_CLAIM_MS = 2_000;
/** Requests of whoever looks on. */
const reading: ReadonlySet<string> = new Set(["status", "jobs"]);

async function main(stackRoot: string): Promise<void> {
  process.umask(0o077);
  const stack = stackPaths(stackRoot);
  const log = (line: string) => note(stack.supervisorLog, `pid ${process.pid} ${line}`);
  process.on("SIGHUP", () => undefined);
  if (!(await claim(stack, () => answers(stack.socket)))) return;
  const supervisor: Supervisor = {
    stack,
    keepers: [createConnectors(log), createProcesses(stack), createJobs(log)],
    pending: 0,
    isUsed: false,
    sockets: createServer((socket) => serve(supervisor, socket)),
  };
  process.on("uncaughtException", (error) => {
    log(`ends, its processes run on: ${error.stack}`);
    process.exit(1);
  });
  // Told to end by someone else than our client (a logout, an administrator): the processes run on and are adopted later.
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      log(`ends by ${signal}, its processes run on`);
      process.exit(0);
    });
  }
  rmSync(stack.socket, { force: true }); // of a supervisor that was killed: we hold the claim
  supervisor.sockets.listen(stack.socket, () => {
    chmodSync(stack.socket, 0o600);
    log("serves");
  });
  setTimeout(() => leaveWhenIdle(supervisor) && process.exit(0), UNASKED_MS);
  setInterval(() => stopWhenRemoved(supervisor), LOOK_AFTER_CLAIM_MS).unref();
}

function serve(supervisor: Supervisor, socket: Socket): void {
  socket.on("error", () => undefined); // a client that went away does not need its answer
  onLines(socket, (line) => void answer(supervisor, socket, line));
}

async function answer(supervisor: Supervisor, socket: Socket, line: string): Promise<void> {
  const write = (reply: Reply) => socket.writable && socket.write(`${JSON.stringify(reply)}\n`);
  let reply: Reply;
  let over = false;
  supervisor.pending++;
  try {
    const request = JSON.parse(line) as Request;
    supervisor.isUsed ||= !reading.has(request.method);
    reply = { result: (await dispatch(supervisor, request, (progress) => write({ progress }))) ?? null };
    over = request.method === "retire";
  } catch (error) {
    reply = { failure: toFailure(error) };
  }
  supervisor.pending--;
  // Before the answer: who has removed the last process finds nothing of the stack left.
  over ||= supervisor.isUsed && leaveWhenIdle(supervisor);
  write(reply);
  socket.end(() => over && process.exit(0));
}

async function dispatch(supervisor: Supervisor, request: Request, progress: (line: string) => void): Promise<unknown> {
  const { keepers } = supervisor;
  if (request.code !== undefined && request.code !== ownCode()) {
    throw new SupervisorError("The supervisor runs other code than its client.", "OUTDATED");
  }
  switch (request.method) {
    case "retire":
      return keepers.flatMap((keeper) => keeper.handOver());
    case "shutdown":
      await stopAll(keepers);
      // Those who waited for something have just been told that it was stopped: let them hear it.
      await until(() => supervisor.pending <= 1, { limitMs: 1_000, everyMs: 10 });
      return undefined;
    default: {
      for (const keeper of keepers) {
        const result = keeper.handle(request, progress);
        if (result) return result;
      }
      throw new SupervisorError(`The supervisor does not know ${JSON.stringify(request.method)}.`, "UNKNOWN_METHOD");
    }
  }
}

async function stopAll(keepers: readonly Keeper[]): Promise<void> {
  for (const keeper of [...keepers].reverse()) await keeper.stop();
}

/** Gives the stack up when nothing is kept or asked for. True when it did: then exit. */
function leaveWhenIdle({ stack, keepers, pending, sockets }: Supervisor): boolean {
  if (pending > 0 || keepers.some((keeper) => keeper.busy())) return false;
  sockets.close();
  rmSync(stack.socket, { force: true });
  note(stack.supervisorLog, `pid ${process.pid} has nothing to keep, ends`);
  releaseClaim(stack);
  return true;
}

/** Someone removed the stack's folder by hand: what runs has no place any more, and nobody could stop it later. */
async function stopWhenRemoved({ stack, keepers }: Supervisor): Promise<void> {
  if (isClaimed(stack)) return;
  await stopAll(keepers);
  if (!existsSync(stack.run)) rmSync(stack.socket, { force: true });
  process.exit(1);
}

function ownCode(): string {
  return basename(process.argv[1] ?? "");
}

main(process.argv[2] ?? "").catch((error: Error) => {
  console.error(`--- ${new Date().toISOString()} pid ${process.pid} supervisor cannot start: ${error.message}`);
  process.exit(1);
});
