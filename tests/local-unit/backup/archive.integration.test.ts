import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { archiveScript } from "../../../infra/local/backup/archive";

const folder = mkdtempSync(join(tmpdir(), "millrace-archive-"));
// What a shell would take apart.
const backup = join(folder, "back up's %p $HOME");
const script = join(folder, "archive.sh");
const name = "000000010000000000000007";
beforeAll(() => writeFileSync(script, archiveScript));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A segment of the cluster with this system identifier: it stands at byte 24. */
function segment(cluster: bigint, text: string): string {
  const content = Buffer.alloc(2 ** 20);
  content.writeBigUInt64LE(cluster, 24);
  content.write(text, 100);
  const path = join(folder, "segment");
  writeFileSync(path, content);
  return path;
}

const archive = (path: string, as = name) =>
  spawnSync("sh", [script, path, as], { env: { ...process.env, BACKUP_FOLDER: backup }, encoding: "utf8" });
const kept = (cluster: string) => join(backup, cluster, "wal", `${name}.gz`);

test("a segment is kept by cluster, whole, and for its owner alone", () => {
  const path = segment(7710611504120338765n, "first");
  expect(archive(path).status).toBe(0);
  expect(gunzipSync(readFileSync(kept("7710611504120338765")))).toEqual(readFileSync(path));
  expect(statSync(kept("7710611504120338765")).mode & 0o077).toBe(0);
  expect(readdirSync(join(backup, "7710611504120338765", "wal"))).toEqual([`${name}.gz`]);
});

test("the same once more is fine, another content is refused and changes nothing", () => {
  const path = segment(7710611504120338765n, "first");
  expect(archive(path).status).toBe(0);
  const refused = archive(segment(7710611504120338765n, "second"));
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/is there, and is not this segment/);
  expect(gunzipSync(readFileSync(kept("7710611504120338765"))).toString("latin1", 100, 105)).toBe("first");
});

test("a cluster that was made anew has a folder of its own", () => {
  expect(archive(segment(42n, "other")).status).toBe(0);
  expect(gunzipSync(readFileSync(kept("42"))).toString("latin1", 100, 105)).toBe("other");
});

test("what is left of an archiving that was killed is replaced", () => {
  writeFileSync(`${kept("42")}.tmp`, "half");
  rmSync(kept("42"));
  expect(archive(segment(42n, "again")).status).toBe(0);
  expect(readdirSync(join(backup, "42", "wal"))).toEqual([`${name}.gz`]);
});

test("a backup label is not archived", () => {
  expect(archive(segment(43n, "label"), `${name}.00000028.backup`).status).toBe(0);
  expect(existsSync(join(backup, "43"))).toBe(false);
});

test("what cannot be written fails, so that Postgres keeps the segment", () => {
  const path = segment(44n, "lost");
  writeFileSync(join(backup, "44"), "a file where a folder should be");
  expect(archive(path).status).not.toBe(0);
});
