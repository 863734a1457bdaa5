import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { copyData } from "../../../infra/local/backup/copy";
import type { Manifest } from "../../../infra/local/backup/manifest";
import { restoreBackup } from "../../../infra/local/backup/restore";
import { UserError } from "../../../infra/plan/problems";

const segmentBytes = 2 ** 20;
const segments = ["000000010000000000000007", "000000010000000000000008", "000000010000000000000009"] as const;
let folder: string;
let root: string;
let backup: string;
let cluster: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-restore-"));
  root = join(folder, "stack");
  backup = join(folder, "backup");
  cluster = join(backup, "42");
  mkdirSync(join(root, "logs"), { recursive: true });
  makeBase("20261121t100000", "new");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function makeBase(stamp: string, version: string): void {
  const data = join(cluster, "base", stamp, "data");
  mkdirSync(join(data, "global"), { recursive: true });
  const content = { PG_VERSION: version, "global/pg_control": "control" };
  for (const [name, text] of Object.entries(content)) writeFileSync(join(data, name), text);
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const manifest: Manifest = {
    version: 1,
    stamp,
    cluster: "42",
    segmentBytes,
    from: segments[0],
    until: segments[1],
    slots: {},
    begun: stamp,
    finished: stamp,
    folders: ["global", "pg_wal"],
    files: Object.fromEntries(
      Object.entries(content).map(([name, text]) => [name, { bytes: text.length, sha256: sha256(text) }]),
    ),
  };
  writeFileSync(join(cluster, "base", stamp, "manifest.json"), JSON.stringify(manifest));
  mkdirSync(join(cluster, "wal"), { recursive: true });
  for (const name of segments) writeFileSync(wal(name), gzipSync(Buffer.alloc(segmentBytes, name)));
}
const wal = (name: string) => join(cluster, "wal", `${name}.gz`);
const data = (...path: string[]) => join(root, "postgres", "data", ...path);

/** Refused by a message for a person, and nothing was begun. */
function refused(from = backup): string {
  try {
    restoreBackup(from, root);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect(existsSync(join(root, "postgres", "restored"))).toBe(false);
    return (error as Error).message;
  }
  throw new Error("it was not refused");
}

test("the base backup and all log behind it are laid out, and marked as restored", () => {
  expect(restoreBackup(backup, root).segments).toBe(3);
  expect(readFileSync(data("PG_VERSION"), "utf8")).toBe("new");
  expect(readdirSync(data("pg_wal")).sort()).toEqual([...segments]);
  expect(readFileSync(data("pg_wal", segments[2]))).toHaveLength(segmentBytes);
  expect(readFileSync(join(root, "postgres", "restored"), "utf8")).toBe("20261121t100000");
});

test("the newest base backup that is whole is taken, also when the folder of the cluster is named", () => {
  makeBase("20261120t100000", "old");
  makeBase("20261122t100000", "half");
  renameSync(join(cluster, "base", "20261122t100000"), join(cluster, "base", "20261122t100000.tmp"));
  restoreBackup(cluster, root);
  expect(readFileSync(data("PG_VERSION"), "utf8")).toBe("new");
});

test("a stack with data is refused", () => {
  mkdirSync(join(root, "kafka"));
  expect(refused()).toMatch(/has data already[\s\S]*given .*stack\/kafka[\s\S]*npm run down/);
  expect(existsSync(join(root, "kafka"))).toBe(true);
});

test("an interrupted restore can be run again", () => {
  mkdirSync(join(root, "restoring", "data"), { recursive: true });
  writeFileSync(join(root, "restoring", "data", "PG_VERSION"), "half");
  restoreBackup(backup, root);
  expect(readFileSync(data("PG_VERSION"), "utf8")).toBe("new");
  expect(readdirSync(root).sort()).toEqual(["logs", "postgres"]);
});

test.each<[what: string, from: () => string, said: RegExp]>([
  [
    "that is not there",
    () => join(folder, "nowhere"),
    /no base backup in this folder[\s\S]*nowhere[\s\S]*millrace:backup/,
  ],
  ["that holds something else", () => root, /no base backup in this folder/],
])("a folder %s is no backup", (_, from, said) => {
  expect(refused(from())).toMatch(said);
});

test("archived log alone is no backup, and says what is missing", () => {
  rmSync(join(cluster, "base"), { recursive: true });
  expect(refused()).toMatch(/archived log alone.*npm run backup/);
});

test("every file that was damaged is named, and one that is missing", () => {
  const base = join(cluster, "base", "20261121t100000", "data");
  writeFileSync(join(base, "PG_VERSION"), "bad");
  rmSync(join(base, "global", "pg_control"));
  const message = refused();
  expect(message).toMatch(/PG_VERSION: The file is not as it was backed up/);
  expect(message).toMatch(/pg_control: The file is missing/);
});

test("a gap in the archive is named", () => {
  rmSync(wal(segments[1]));
  expect(refused()).toMatch(/does not reach to the end of the base backup[\s\S]*0008\.gz is missing/);
});

test("a gap behind the end of the base backup is named, with the way to do without", () => {
  const last = "00000001000000000000000B";
  writeFileSync(wal(last), gzipSync(Buffer.alloc(segmentBytes)));
  expect(refused()).toMatch(/has a gap[\s\S]*000A\.gz is missing[\s\S]*move the later ones away/);
  rmSync(wal(last));
  expect(restoreBackup(backup, root).segments).toBe(3);
});

test("a segment that cannot be unpacked, or is too short, is named", () => {
  writeFileSync(wal(segments[2]), gzipSync(Buffer.alloc(100)));
  expect(refused()).toMatch(/0009\.gz: The segment cannot be read: it has 100 bytes/);
  writeFileSync(wal(segments[2]), "no gzip");
  expect(refused()).toMatch(/0009\.gz: The segment cannot be read/);
});

describe("a copy of a data folder", () => {
  const source = () => join(folder, "source");
  beforeEach(() => {
    const files = [
      "PG_VERSION",
      "postmaster.pid",
      "global/pg_control",
      "global/pg_internal.init",
      "base/5/1259",
      "base/5/t3_16384",
      "base/pgsql_tmp/pgsql_tmp1.0",
      "pg_wal/000000010000000000000007",
      "pg_wal/archive_status/000000010000000000000007.ready",
      "pg_replslot/held/state",
      "pg_replslot/other/state",
      "pg_logical/snapshots/0-1234.snap",
    ];
    for (const file of files) {
      mkdirSync(join(source(), file, ".."), { recursive: true });
      writeFileSync(join(source(), file), file);
    }
  });

  test("leaves out what another server must not have, and takes the slots that are held", () => {
    const { files, folders } = copyData(source(), join(folder, "copy"), ["held"]);
    expect(Object.keys(files).sort()).toEqual([
      "PG_VERSION",
      "base/5/1259",
      "global/pg_control",
      "pg_logical/snapshots/0-1234.snap",
      "pg_replslot/held/state",
    ]);
    expect(Object.keys(files).at(-1)).toBe("global/pg_control");
    expect(folders).toEqual(expect.arrayContaining(["pg_wal", "pg_wal/archive_status", "pg_replslot/held"]));
    expect(files["base/5/1259"]).toEqual({
      bytes: 11,
      sha256: createHash("sha256").update("base/5/1259").digest("hex"),
    });
    expect(existsSync(join(folder, "copy", "pg_wal", "archive_status"))).toBe(true);
  });

  test("refuses a link to a tablespace", async () => {
    const { symlinkSync } = await import("node:fs");
    mkdirSync(join(source(), "pg_tblspc"));
    symlinkSync("/elsewhere", join(source(), "pg_tblspc", "16400"));
    expect(() => copyData(source(), join(folder, "copy"), [])).toThrow(/pg_tblspc\/16400/);
  });
});
