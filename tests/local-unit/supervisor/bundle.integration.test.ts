import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../../infra/local/bundle";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-test-")));
const former = process.env.MILLRACE_CACHE;

beforeAll(() => {
  process.env.MILLRACE_CACHE = join(folder, "cache");
  mkdirSync(join(folder, "src", "lib"), { recursive: true });
  write("main.ts", 'import { word } from "./lib/word";\nconsole.log(word(), __dirname);');
  write("lib/word.ts", 'export const word = (): string => "one" + __filename.slice(-8);');
});
afterAll(() => {
  if (former === undefined) delete process.env.MILLRACE_CACHE;
  else process.env.MILLRACE_CACHE = former;
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, "src", name), text);
const entry = join(folder, "src", "main.ts");
const run = (path: string) =>
  execFileSync(process.execPath, ["--enable-source-maps", path], { encoding: "utf8" }).trim();

test("a program runs from one file, and still knows the place of its sources", async () => {
  const path = await bundle(entry);
  expect(path).toMatch(/cache\/bundles\/[0-9a-f]{32}\.cjs$/);
  expect(run(path)).toBe(`one/word.ts ${join(folder, "src")}`);
});

test("nothing is built while nothing changed, and a touched file is no change", async () => {
  const path = await bundle(entry);
  writeFileSync(path, "// as it was");
  utimesSync(join(folder, "src", "main.ts"), new Date(), new Date(0));
  const begin = performance.now();
  expect(await bundle(entry)).toBe(path);
  expect(performance.now() - begin).toBeLessThan(100);
  expect(readFileSync(path, "utf8")).toBe("// as it was");
  rmSync(path);
  expect(run(await bundle(entry))).toMatch(/^one/);
});

test("a change of the same size at the same time is a change, whichever file has it", async () => {
  const before = await bundle(entry);
  const when = new Date(1_000_000_000_000);
  utimesSync(join(folder, "src", "lib", "word.ts"), when, when);
  await bundle(entry);
  write("lib/word.ts", 'export const word = (): string => "two" + __filename.slice(-8);');
  utimesSync(join(folder, "src", "lib", "word.ts"), when, when);
  const after = await bundle(entry);
  expect(after).not.toBe(before);
  expect(run(after)).toMatch(/^two\/word\.ts/);
});

test("ten callers at once get the same whole file", async () => {
  write("main.ts", 'import { word } from "./lib/word";\nconsole.log("ten", word());');
  const paths = await Promise.all(Array.from({ length: 10 }, () => bundle(entry)));
  expect(new Set(paths).size).toBe(1);
  expect(run(paths[0] as string)).toMatch(/^ten two/);
});

test("errors of the program point into its sources, and those of the sources are told", async () => {
  write("thrower.ts", "const a: number = 1;\n\nfunction fails(): never {\n  throw new Error(String(a));\n}\nfails();");
  const path = await bundle(join(folder, "src", "thrower.ts"));
  expect(() => execFileSync(process.execPath, ["--enable-source-maps", path], { stdio: "pipe" })).toThrow(
    /src\/thrower\.ts:4:9/,
  );
  write("wrong.ts", 'import "./not-there";');
  await expect(bundle(join(folder, "src", "wrong.ts"))).rejects.toThrow(/Could not resolve "\.\/not-there"/);
});
