import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import type { OnLoadArgs, Plugin } from "esbuild";

/** Enters every key: raise it when a bundle of the same sources would come out differently. */
const RECIPE = "2";

export interface BundleOptions {
  /** Packages left out, and loaded from the project's own at the first use of what they export. */
  readonly lazy?: readonly string[];
  /** Whether traces of errors name the sources, under `--enable-source-maps`; reading the map takes time at each start. Default true. */
  readonly sourceMap?: boolean;
}

/** What a bundle was made of. A file that is missing has no content. */
interface Manifest {
  readonly recipe: string;
  readonly output: string;
  readonly inputs: readonly { readonly path: string; readonly stat: string; readonly content: string }[];
}

/** Folder of what can be made again: `MILLRACE_CACHE`, or `millrace` below `XDG_CACHE_HOME` (default `~/.cache`). */
export function cacheFolder(): string {
  return process.env.MILLRACE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "millrace");
}

/**
 * One CommonJS file that holds the TypeScript program `entry` (a path) and all it imports, for plain `node`; run it with
 * `--enable-source-maps` to see traces in the sources. Built when a source changed since the last time, else a matter of
 * milliseconds. Any number of callers may ask at once. `__dirname` and `__filename` mean the source file, as they do unbundled.
 * @returns absolute path of the bundle, named after its content.
 * @throws Error with esbuild's messages when the sources do not compile.
 */
export async function bundle(entry: string, options: BundleOptions = {}): Promise<string> {
  const source = resolve(entry);
  const folder = join(cacheFolder(), "bundles");
  const recipe = JSON.stringify([RECIPE, process.versions.node.split(".")[0], options]);
  const manifestFile = join(folder, `${sha256(source + recipe).slice(0, 32)}.json`);
  const known = readManifest(manifestFile);
  if (known?.recipe === recipe && existsSync(known.output) && isFresh(known, manifestFile)) {
    const now = new Date();
    // tools/prune.mjs removes what is not used.
    for (const path of [known.output, manifestFile]) utimesSync(path, now, now);
    return known.output;
  }
  return build(source, folder, manifestFile, recipe, options);
}

async function build(
  entry: string,
  folder: string,
  manifestFile: string,
  recipe: string,
  { lazy = [], sourceMap = true }: BundleOptions,
): Promise<string> {
  // Out of esbuild's own sight: it cannot be bundled itself, and a bundled program may have to build another one.
  const esbuild = createRequire(__filename)("esbuild") as typeof import("esbuild");
  const result = await esbuild.build({
    entryPoints: [entry],
    outfile: join(folder, "bundle.cjs"),
    absWorkingDir: dirname(entry),
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    sourcemap: sourceMap && "inline",
    sourcesContent: false,
    keepNames: true,
    logLevel: "silent",
    plugins: [ownPlace, lazyPackages(lazy)],
  });
  const code = result.outputFiles[0]?.contents ?? new Uint8Array();
  const output = join(folder, `${createHash("sha256").update(code).digest("hex").slice(0, 32)}.cjs`);
  // Names resolve by these too, though esbuild does not list them.
  const settings = ["package.json", "package-lock.json", "tsconfig.json"].map((name) =>
    nearestFile(dirname(entry), name),
  );
  const sources = Object.keys(result.metafile.inputs).map((path) => resolve(dirname(entry), path));
  const inputs = [...sources, ...settings.filter((path) => path !== undefined)].map(inspect);
  mkdirSync(folder, { recursive: true });
  writeWhole(output, code);
  writeWhole(manifestFile, JSON.stringify({ recipe, output, inputs } satisfies Manifest));
  return output;
}

/** A bundle lies elsewhere than its sources, which find their neighbours by `__dirname`: keep it what it was. */
const ownPlace: Plugin = {
  name: "own-place",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?tsx?$/ }, ({ path }: OnLoadArgs) => {
      const text = readFileSync(path, "utf8");
      if (path.includes(`${sep}node_modules${sep}`) || !/\b__(dirname|filename)\b/.test(text)) return undefined;
      const place = `const __dirname = ${JSON.stringify(dirname(path))}, __filename = ${JSON.stringify(path)};`;
      // On the first line, so that line numbers stay right.
      return { contents: place + text, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
};

/** The package as an object that loads it when something is read from it. */
function lazyPackages(names: readonly string[]): Plugin {
  const filter = new RegExp(`^(${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})$`);
  return {
    name: "lazy-packages",
    setup(build) {
      if (names.length === 0) return;
      build.onResolve({ filter }, ({ path, importer }) => ({
        path: createRequire(importer).resolve(path),
        namespace: "lazy",
      }));
      build.onLoad({ filter: /./, namespace: "lazy" }, ({ path }) => ({
        contents: `const load = () => require("node:module").createRequire(${JSON.stringify(path)})(${JSON.stringify(path)});
module.exports = new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : key === "default" ? load() : load()[key]) });`,
      }));
    },
  };
}

/** Trusts size, inode and both times; where they differ (another checkout, a touch) the content decides. */
function isFresh(manifest: Manifest, manifestFile: string): boolean {
  const now = manifest.inputs.map((input) => (statOf(input.path) === input.stat ? input : inspect(input.path)));
  if (now.some((input, i) => input.content !== manifest.inputs[i]?.content)) return false;
  if (now.some((input, i) => input !== manifest.inputs[i])) {
    writeWhole(manifestFile, JSON.stringify({ ...manifest, inputs: now } satisfies Manifest));
  }
  return true;
}

function inspect(path: string): Manifest["inputs"][number] {
  const stat = statOf(path);
  return { path, stat, content: stat === "" ? "" : sha256(readFileSync(path)) };
}

function statOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() ? [stat.size, stat.ino, stat.mtimeNs, stat.ctimeNs].join(" ") : "";
}

function readManifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

function nearestFile(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  return dirname(folder) === folder ? undefined : nearestFile(dirname(folder), name);
}

/** Never seen half written, whoever else writes it. */
function writeWhole(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, path);
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
