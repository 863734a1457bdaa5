import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Where the things of one stack lie. All paths are absolute. */
export interface StackPaths {
  /** `.millrace/<stack>`. */
  readonly root: string;
  readonly socket: string;
  /** What belongs to running processes: records, the key of the hashes, the claims of supervisors. Only the owner may look. */
  readonly run: string;
  /** Marks of which folders are prepared. */
  readonly prepared: string;
  readonly logs: string;
  readonly supervisorLog: string;
}

/** Names that processes may not have, because the stack's folder has these itself. */
export const reservedNames = ["data", "lake", "run", "prepared", "logs", "supervisor", "supervisor.sock"];

/** macOS allows 104 bytes with the closing zero, Linux 108. */
const LONGEST_SOCKET = 103;

export function stackPaths(stackRoot: string): StackPaths {
  // One stack, one socket, whichever way a caller came to the folder.
  const root = realPath(resolve(stackRoot));
  const logs = join(root, "logs");
  return {
    root,
    socket: socketPath(root),
    run: join(root, "run"),
    prepared: join(root, "prepared"),
    logs,
    supervisorLog: join(logs, "supervisor.log"),
  };
}

export function folderOf(stack: StackPaths, name: string): string {
  return join(stack.root, name);
}

export function logOf(stack: StackPaths, name: string): string {
  return join(stack.logs, `${name}.log`);
}

/** Of what exists of the path, and the rest as it is. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realPath(dirname(path)), basename(path));
}

/** In the stack's folder; in a folder of ours below `/tmp` where that is too long for a socket. */
function socketPath(root: string): string {
  const usual = join(root, "supervisor.sock");
  if (Buffer.byteLength(usual) <= LONGEST_SOCKET) return usual;
  // Not os.tmpdir(): TMPDIR may differ from one terminal to the next, and both must find the same supervisor.
  const uid = process.getuid?.() ?? 0;
  const folder = `/tmp/millrace-${uid}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
    throw new Error(
      `${folder} must be a folder of user ${uid} that nobody else can enter (mode 0700): remove or repair it.`,
    );
  }
  return join(folder, `${createHash("sha256").update(root).digest("hex").slice(0, 24)}.sock`);
}
