/**
 * Lets `require` load the project's TypeScript: each file is translated by esbuild and kept in the cache folder by its content. Other packages are
 * loaded by Node alone, which is why `@pulumi/pulumi` takes 0.5 s and not the 0.9 s that it takes under tsx.
 * Use it as `node --require ./tools/typescript.cjs script.ts`; tools/bootstrap.mjs does so by itself.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { homedir } = require("node:os");
const { join } = require("node:path");

const cache = process.env.MILLRACE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "millrace");
const folder = join(cache, "translated");
const options = {
  loader: "ts",
  format: "cjs",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  sourcesContent: false,
  // `import()` becomes `require`, which comes by here; Node's own would not.
  supported: { "dynamic-import": false },
};
const recipe = `${JSON.stringify(options)} ${require("esbuild/package.json").version}`;

process.setSourceMapsEnabled(true);
mkdirSync(folder, { recursive: true });

Module._extensions[".ts"] = (module, filename) => module._compile(translate(filename), filename);

function translate(filename) {
  const source = readFileSync(filename, "utf8");
  // The file's name is in the source map.
  const key = createHash("sha256").update(`${recipe}\0${filename}\0${source}`).digest("hex").slice(0, 32);
  const kept = join(folder, `${key}.cjs`);
  try {
    return readFileSync(kept, "utf8");
  } catch {
    const { code } = require("esbuild").transformSync(source, { ...options, sourcefile: filename });
    const own = `${kept}.${process.pid}`;
    writeFileSync(own, code);
    renameSync(own, kept);
    return code;
  }
}
