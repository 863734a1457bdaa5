import { createHash } from "node:crypto";
import { createReadStream, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { checksumsFile, root } from "./paths.mjs";
import { userError } from "./user-error.mjs";

export const updateCommand = "node tools/bootstrap.mjs --update-checksums";

/** Hex SHA-256 of a file. */
export async function sha256(file) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/**
 * Refuses a folder that is not, file by file, what checksums.txt says: changed, missing and additional files, all at once.
 * @param {string} module its name in checksums.txt
 * @param {{ sha256: string, file: string }[]} expected
 */
export async function verify(module, folder, expected) {
  const wanted = new Map(expected.map(({ file, sha256 }) => [file, sha256]));
  const problems = [];
  for (const file of readdirSync(folder).sort()) {
    const found = await sha256(join(folder, file));
    const pinned = wanted.get(file);
    wanted.delete(file);
    if (found !== pinned) problems.push(wrong(`${module}/${file}`, pinned ?? "no such file", found));
  }
  for (const [file, pinned] of wanted) problems.push(wrong(`${module}/${file}`, pinned, "no such file"));
  if (problems.length > 0) throw userError(problems);
}

function wrong(file, expected, found) {
  return {
    message: `${file} is not the file whose checksum is pinned in ${relative(root, checksumsFile)}: expected ${expected}, found ${found}.`,
    fix: [
      "remove the file from Maven's local repository (~/.m2/repository) and try again: it may be damaged, or come from a mirror that changed it",
      `or, after a change of versions below tools/maven/, run \`${updateCommand}\` and review what it changed`,
    ],
  };
}

/** Writes checksums.txt anew from folders of resolved files: module → folder. */
export async function updateChecksums(folders, target = checksumsFile) {
  const lines = [];
  for (const module of [...folders.keys()].sort()) {
    for (const file of readdirSync(folders.get(module)).sort()) {
      lines.push(`${await sha256(join(folders.get(module), file))}  ${module}/${file}\n`);
    }
  }
  writeFileSync(target, lines.join(""));
}
