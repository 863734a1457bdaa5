import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { withLock } from "./lock.mjs";

/**
 * Makes folders of the cache that are not there yet. Each is filled in a staging folder and appears, whole, by one rename: a folder that exists is
 * complete. Of several processes one does the work and the others wait for it; what an interrupted one left is removed.
 *
 * @param {string} cache
 * @param {string} lock name of the lock under which these folders are made
 * @param {string[]} folders absolute, directly below `cache`
 * @param {(missing: Map<string, string>, alsoHeldBy: (pid: number) => void) => Promise<void>} fill gets staging folder by folder, already made
 */
export async function installOnce(cache, lock, folders, fill) {
  const missing = () => folders.filter((folder) => !existsSync(folder));
  if (missing().length === 0) return;
  await withLock(join(cache, "locks", lock), async (alsoHeldBy) => {
    const left = missing();
    if (left.length === 0) return;
    // A name of its own: a child that outlived an interrupted run may still write into that run's folder.
    const parent = join(cache, "staging");
    const own = join(parent, `${lock}.${process.pid}-${Date.now()}`);
    mkdirSync(own, { recursive: true });
    removeLeftovers(parent, lock, own);
    const staging = new Map(left.map((folder) => [folder, join(own, basename(folder))]));
    for (const from of staging.values()) mkdirSync(from);
    try {
      await fill(staging, alsoHeldBy);
      for (const [folder, from] of staging) renameSync(from, folder);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  });
}

/** Only the holder of the lock has a living staging folder of its name. */
function removeLeftovers(parent, lock, own) {
  for (const entry of readdirSync(parent)) {
    const path = join(parent, entry);
    if (entry.startsWith(`${lock}.`) && path !== own) rmSync(path, { recursive: true, force: true });
  }
}
