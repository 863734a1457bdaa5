import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { UserError } from "../../plan/problems";
import type { CapturePlan, Plan } from "../../plan/types";
import { wavesOf } from "../../plan/waves";
import { offsetOf } from "../provider/connector-offsets";
import type { KafkaConnection } from "../provider/kafka";
import { type PostgresConnection, withPostgres } from "../provider/postgres";
import { archived, archiveOf, prunable, unbroken } from "./archive";
import { copyData } from "./copy";
import { drained } from "./drain";
import { type Base, basesOf, type Manifest } from "./manifest";
import { postgresFolder } from "./place";
import { copySlot, dropHeld, dropSlot, type HeldSlot, heldName, heldSlots } from "./slots";
import { segmentAt } from "./wal";

export interface TakeArgs {
  readonly plan: Plan;
  /** Folder of the stack. */
  readonly root: string;
  /** The backup folder. */
  readonly backup: string;
  readonly postgres: PostgresConnection;
  readonly kafka: KafkaConnection;
  /** Base URL of Kafka Connect. */
  readonly connect: string;
  readonly say: (line: string) => void;
}

/** How long Postgres may take to archive the log that belongs to the backup. */
const archiveLimitMs = 60_000;

/**
 * Takes a base backup of a stack that runs, and drops the one before it, its slots and its log, when this one is whole. When it fails, nothing of it stays.
 *
 * The slots come first, then everything before their place is waited for in the tables, then the data is copied: so a restore that sends all changes since the
 * slots' place again misses none.
 */
export async function takeBackup(args: TakeArgs): Promise<Base> {
  const { plan, postgres, say } = args;
  return withPostgres(postgres, "postgres", async (client) => {
    const server = await serverOf(client);
    const cluster = join(args.backup, server.cluster);
    const stamp = stampOf(new Date());
    const held = new Map<CapturePlan, HeldSlot>();
    await beAlone(client);
    try {
      for (const [capture, slot] of await holdSlots(args, stamp)) held.set(capture, slot);
      const base = await copyBase(args, client, { ...server, folder: cluster, stamp, held });
      for (const { slot, database } of held.keys()) {
        await withPostgres(postgres, database, (own) => dropHeld(own, slot, heldName(slot, stamp)));
      }
      prune(base, say);
      return base;
    } catch (error) {
      for (const { database, slot } of plan.captures) {
        await withPostgres(postgres, database, (own) => dropSlot(own, heldName(slot, stamp))).catch(() => undefined);
      }
      throw error;
    }
  });
}

/** Goes with the session. */
const lockKey = 7_205_761;

async function beAlone(client: Client): Promise<void> {
  const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS got", [lockKey]);
  if (rows[0].got) return;
  throw new UserError([{ message: "Another backup of this stack is under way.", fix: "Wait until it has ended." }]);
}

/** `20261121T130542`, in UTC: part of a slot's name, and sorts by time. */
const stampOf = (date: Date) => date.toISOString().slice(0, 19).replace(/[-:]/g, "").toLowerCase();

async function serverOf(client: Client): Promise<{ cluster: string; segmentBytes: number; timeline: number }> {
  const { rows } = await client.query(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster, current_setting('archive_mode') AS archiving,
            (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size') AS "segmentBytes",
            (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`,
  );
  const { archiving, ...server } = rows[0];
  if (archiving === "on") return server;
  throw new UserError([{ message: "Postgres does not archive its log yet.", fix: "npm run up, then npm run backup." }]);
}

/**
 * Temporary slots until everything before them is in the tables: when the backup is killed meanwhile they go with its session, so what is held for good can
 * always be gone on from.
 */
async function holdSlots(
  { plan, postgres, kafka, connect, say }: TakeArgs,
  stamp: string,
): Promise<(readonly [CapturePlan, HeldSlot])[]> {
  const hold = async (captures: readonly CapturePlan[]): Promise<(readonly [CapturePlan, HeldSlot])[]> => {
    const [capture, ...others] = captures;
    if (!capture) {
      await drained(kafka, wavesOf(plan));
      return [];
    }
    await checkCaptured(connect, capture);
    return withPostgres(postgres, capture.database, async (client) => {
      for (const { name, lost } of await heldSlots(client, capture.slot)) {
        if (lost)
          say(`Slot ${name} of the backup before was given up, as it held back too much log: take backups more often.`);
      }
      const temporary = `${capture.slot}_backup_begun`;
      await copySlot(client, capture.slot, temporary, true);
      const rest = await hold(others);
      return [[capture, await copySlot(client, temporary, heldName(capture.slot, stamp))] as const, ...rest];
    });
  };
  return hold(plan.captures);
}

async function checkCaptured(connect: string, capture: CapturePlan): Promise<void> {
  const offset = await offsetOf(connect, capture.name);
  if (offset && !offset.snapshot) return;
  throw new UserError([
    {
      path: capture.name,
      message: "The capture is still reading its tables for the first time.",
      fix: "Wait until npm run status shows it RUNNING with little lag, and take the backup then.",
    },
  ]);
}

interface BaseArgs {
  readonly cluster: string;
  readonly folder: string;
  readonly segmentBytes: number;
  readonly timeline: number;
  readonly stamp: string;
  readonly held: ReadonlyMap<CapturePlan, HeldSlot>;
}

async function copyBase({ root }: TakeArgs, client: Client, args: BaseArgs): Promise<Base> {
  const { cluster, segmentBytes, timeline, stamp, held } = args;
  const folder = join(args.folder, "base", stamp);
  const part = `${folder}.tmp`;
  mkdirSync(part, { recursive: true, mode: 0o700 });
  try {
    const begun = new Date().toISOString();
    const started = await client.query("SELECT pg_backup_start($1, fast => true)::text AS lsn", [stamp]);
    const data = copyData(
      join(postgresFolder(root), "data"),
      join(part, "data"),
      [...held.values()].map(({ name }) => name),
    );
    const stopped = await stopBackup(client);
    const label = labelFile(join(part, "data"), stopped.label);
    const places = [started.rows[0].lsn, ...[...held.values()].map(({ restart }) => restart)];
    const segment = (lsn: string) => segmentAt(lsn, segmentBytes, timeline);
    const manifest: Manifest = {
      version: 1,
      stamp,
      cluster,
      segmentBytes,
      from: places.map(segment).sort()[0] as string,
      until: segment(stopped.lsn),
      slots: Object.fromEntries([...held].map(([capture, { name }]) => [capture.name, name])),
      begun,
      finished: new Date().toISOString(),
      folders: data.folders,
      files: { ...data.files, backup_label: label },
    };
    checkLog(args.folder, manifest);
    writeFileSync(join(part, "manifest.json"), JSON.stringify(manifest, null, 1), { mode: 0o600, flush: true });
    renameSync(part, folder);
    return { cluster: args.folder, folder, manifest };
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw error;
  }
}

/** Returns when the log up to the end of the backup is archived. */
async function stopBackup(client: Client): Promise<{ lsn: string; label: string }> {
  try {
    await client.query("SELECT set_config('statement_timeout', $1, false)", [String(archiveLimitMs)]);
    const { rows } = await client.query(
      "SELECT lsn::text, labelfile AS label FROM pg_backup_stop(wait_for_archive => true)",
    );
    return rows[0];
  } catch (error) {
    if ((error as { code?: string }).code !== "57014") throw error;
    throw new UserError([
      {
        message: `Postgres did not archive its log within ${archiveLimitMs / 1000} s.`,
        fix: "npm run logs -- postgres says why: the disk may be full, or the folder not writable.",
      },
    ]);
  }
}

function labelFile(data: string, label: string): { bytes: number; sha256: string } {
  writeFileSync(join(data, "backup_label"), label, { mode: 0o600, flush: true });
  return { bytes: Buffer.byteLength(label), sha256: createHash("sha256").update(label).digest("hex") };
}

/** A slot may reach back to where nothing was archived yet. */
function checkLog(cluster: string, { from, until, segmentBytes }: Manifest): void {
  const { run, missing } = unbroken(archived(cluster), from, segmentBytes);
  if ((run.at(-1) ?? "") >= until) return;
  throw new UserError([
    {
      message: "The archive does not hold all the log that the capture's slot needs.",
      given: `${missing ?? from} is missing in ${archiveOf(cluster)}`,
      fix: "When archiving began only now, wait a minute and run npm run backup again: the slot moves on.",
    },
  ]);
}

/** What came before this backup, and the log that only that needed. */
function prune({ cluster, manifest }: Base, say: (line: string) => void): void {
  for (const { folder, manifest: old } of basesOf(cluster)) {
    if (old.stamp < manifest.stamp) rmSync(folder, { recursive: true });
  }
  for (const name of readdirSync(join(cluster, "base"))) {
    if (name.endsWith(".tmp")) rmSync(join(cluster, "base", name), { recursive: true });
  }
  const old = prunable(archived(cluster), manifest.from);
  for (const segment of old) rmSync(join(archiveOf(cluster), `${segment}.gz`));
  if (old.length > 0) say(`${old.length} segments of the log before it were removed.`);
}
