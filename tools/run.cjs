/**
 * Runs a TypeScript program of the project as one bundled file, compiled ahead: the engine's client alone is 1500 files, which take Node a second to find,
 * read and compile. `node tools/run.cjs script.ts [arguments]`.
 */
const { readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { dirname, resolve } = require("node:path");
const vm = require("node:vm");
require("./typescript.cjs");

/** What the engine's client loads at once and uses only for functions that become lambdas. */
const lazy = ["typescript", "@npmcli/arborist"];

async function run(script, args) {
  const { bundle } = require("../infra/local/bundle.ts");
  const file = await bundle(script, { lazy, sourceMap: false });
  process.argv = [process.argv[0], script, ...args];
  const compiled = compile(file);
  const module = new Module(script);
  module.filename = script;
  module.paths = Module._nodeModulePaths(dirname(script));
  compiled
    .runInThisContext()
    .call(module.exports, module.exports, Module.createRequire(script), module, script, dirname(script));
}

/** With what V8 kept of an earlier run beside the file; what it kept fits only the same V8. */
function compile(file) {
  const kept = `${file}.${process.versions.v8}`;
  const script = new vm.Script(Module.wrap(readFileSync(file, "utf8")), { filename: file, cachedData: read(kept) });
  if (script.cachedDataRejected !== false) {
    // When the functions that are used have been compiled: at the end, or, for who is killed in the end, after a while.
    const keep = once(() => write(kept, script.createCachedData()));
    process.once("exit", keep);
    setTimeout(keep, 3000).unref();
  }
  return script;
}

function once(act) {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

/** Never seen half written; where it cannot be written, the next run tries again. */
function write(file, content) {
  try {
    writeFileSync(`${file}.${process.pid}`, content, { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  } catch {}
}

function read(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { run };
if (require.main === module) run(resolve(process.argv[2]), process.argv.slice(3));
