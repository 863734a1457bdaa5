import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Bench } from "../bench/stack";
import { archived } from "../infra/local/backup/archive";
import { projectRoot } from "../infra/paths";
import { beginAudit, consumers, difference, expected, received } from "../tests/local/support/truth";
import { strike } from "./disaster";
import { type Commits, commitAllTheTime } from "./writer";

export interface DrillArgs {
  readonly stack: string;
  readonly portBase: number;
  /** Changes go on this long between the base backup and the disaster. */
  readonly loadMs: number;
  readonly say: (line: string) => void;
}

export interface Report {
  /** From the newest commit that was restored to the disaster. */
  readonly rpoMs: number;
  /** Commits that had been acknowledged, and are gone. */
  readonly lostCommits: number;
  /** From the disaster to the end of `restore`, of `up`, to the first row of a change after it in a consumer's table, and until source and sinks agreed. */
  readonly restoredMs: number;
  readonly upMs: number;
  readonly firstRowMs: number;
  readonly agreedMs: number;
  /** Events that the restored source says there are, each found exactly once. */
  readonly compared: number;
  readonly backupMs: number;
  readonly backupBytes: number;
}

const agreeLimitMs = 180_000;

/** Back up, destroy everything, restore, resume: on a stack of its own, which is gone afterwards in any case. @throws Error when what came back is not exact */
export async function drill(args: DrillArgs): Promise<Report> {
  const backup = join(projectRoot, ".millrace", "backups", args.stack);
  // The pipeline with a capture, which has the most to lose, and whose sources and sinks are compared.
  const config = { "millrace:backup": backup, "millrace:pipelines": ["business-events"] };
  const stack = new Bench(args.stack, args.portBase, config);
  const remove = async () => {
    await stack.run("down");
    rmSync(backup, { recursive: true, force: true });
  };
  let commits: Commits | undefined;
  try {
    await remove();
    args.say("deploying");
    await stack.run("up");
    await stack.readOutputs();
    const since = await beginAudit(ask(stack));
    commits = await commitAllTheTime(stack);
    await changesAdded(stack, 200);
    args.say("taking a base backup");
    const backupBegun = Date.now();
    await stack.run("backup");
    const backupMs = Date.now() - backupBegun;
    const backupBytes = bytesBelow(backup);
    await delay(args.loadMs);
    await changesAdded(stack, 100);
    args.say("disaster");
    const at = await strike(stack);
    await commits.stop();
    return { ...(await recover(args, stack, { at, since, backup, commits })), backupMs, backupBytes };
  } finally {
    await commits?.stop();
    await remove();
    rmSync(stack.configFile, { force: true });
  }
}

interface Disaster {
  readonly at: number;
  readonly since: string;
  readonly backup: string;
  readonly commits: Commits;
}

async function recover({ say }: DrillArgs, stack: Bench, { at, since, backup, commits }: Disaster) {
  await stack.run("restore", ["--from", backup]);
  const restoredMs = Date.now() - at;
  say("restored, coming up");
  await stack.run("up");
  const upMs = Date.now() - at;
  await stack.readOutputs();
  const newest = await commits.newestThere();
  const firstRowMs = (await firstNewRow(stack, at)) - at;
  say("a new row has come through, comparing");
  const compared = await agreed(stack, since);
  const agreedMs = Date.now() - at;
  await archiveGoesOn(stack, backup);
  return {
    rpoMs: at - newest,
    lostCommits: commits.acknowledged.filter((time) => time > newest).length,
    restoredMs,
    upMs,
    firstRowMs,
    agreedMs,
    compared,
  };
}

const ask =
  (stack: Bench) =>
  <T>(database: string, sql: string, parameters: unknown[] = []) =>
    stack.query<T>(database, sql, parameters);

async function changesAdded(stack: Bench, count: number): Promise<void> {
  const counted = async () => Number((await stack.query("entities", "SELECT count(*) AS n FROM audit.changes"))[0]?.n);
  const before = await counted();
  await stack.until(`${count} more changes at the source`, async () => (await counted()) >= before + count);
}

/** When the first row of a change that was committed after the disaster was stored, by the database's clock, which is this machine's. */
async function firstNewRow(stack: Bench, at: number): Promise<number> {
  const all = consumers.map((table) => `SELECT received_at FROM ${table} WHERE created_at > $1`).join(" UNION ALL ");
  let first: Date | null | undefined;
  await stack.until("a row of a new change in a consumer's table", async () => {
    const rows = await stack.query<{ first: Date | null }>(
      "consumers",
      `SELECT min(received_at) AS first FROM (${all}) AS rows`,
      [new Date(at)],
    );
    first = rows[0]?.first;
    return Boolean(first);
  });
  return (first as Date).getTime();
}

/** Holds what the restored source says happened against what consumers have: each once where it belongs, none elsewhere, nothing on top. */
async function agreed(stack: Bench, since: string): Promise<number> {
  await stack.query("entities", 'ALTER ROLE "entities-simulator" NOLOGIN');
  await stack.until("the stand-in has no connection", async () => {
    const open = await stack.query(
      "entities",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'entities-simulator'",
    );
    return open.length === 0;
  });
  let compared = 0;
  for (const consumer of consumers) {
    const wanted = await expected(consumer, ask(stack));
    let differs: string[] = [];
    await stack
      .until(
        `${consumer} agrees`,
        async () => {
          differs = difference(wanted, await received(consumer, since, ask(stack)));
          return differs.length === 0;
        },
        agreeLimitMs,
      )
      .catch((error: Error) => {
        throw new Error(`${error.message}; ${differs.length} lines differ:\n${differs.slice(0, 20).join("\n")}`);
      });
    compared += [...wanted.values()].reduce((sum, count) => sum + count, 0);
  }
  return compared;
}

/** What was restored is itself backed up again: the archive goes on behind its last segment, without a refusal. */
async function archiveGoesOn(stack: Bench, backup: string): Promise<void> {
  const newest = () =>
    readdirSync(backup)
      .flatMap((cluster) => archived(join(backup, cluster)))
      .sort()
      .at(-1);
  const before = newest() ?? "";
  await stack.query("entities", "SELECT pg_switch_wal()");
  await stack.until("the archive goes on", async () => (newest() ?? "") > before);
  const [row] = await stack.query("entities", "SELECT failed_count AS failed FROM pg_stat_archiver");
  if (Number(row?.failed) > 0) throw new Error(`archiving failed ${row?.failed} times after the restore`);
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}
