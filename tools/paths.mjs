import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
export const checksumsFile = join(root, "tools/checksums.txt");

/** Where the outside tools lie, shared between clones. The XDG specification says to ignore relative paths. */
export function cacheFolder(env = process.env) {
  const base = env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), ".cache"), "millrace");
}

/** Twelve hex digits of SHA-256: enough to tell one content from another in a folder's name. */
export function shortHash(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 12);
}

/** The pinned engine: version from tools/pulumi/go.mod, which is also what the build is made of. */
export function pulumiFacts() {
  const goMod = readFileSync(join(root, "tools/pulumi/go.mod"), "utf8");
  return {
    version: /github\.com\/pulumi\/pulumi\/pkg\/v3 v(\S+)/.exec(goMod)[1],
    go: /^go (\S+)$/m.exec(goMod)[1],
    goMod,
  };
}

/** Lines of checksums.txt by module: `kafka` → [{ sha256, file }]. */
export function checksums(file = checksumsFile) {
  const modules = {};
  for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
    const match = /^([0-9a-f]{64}) {2}([^/]+)\/(.+)$/.exec(line);
    if (match) {
      modules[match[2]] ??= [];
      modules[match[2]].push({ sha256: match[1], file: match[3] });
    }
  }
  return modules;
}
