import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { load, root, temporaryFolder } from "./support";

const folder = temporaryFolder();
const former = { ...process.env };
afterEach(() => {
  process.env = { ...former };
  jest.resetModules();
});

const toolchain = () => require("../../infra/local/toolchain").toolchain();

test("what bootstrap.mjs hands on is taken as it is", () => {
  process.env.MILLRACE_TOOLCHAIN = JSON.stringify({ java: "/jdk/bin/java" });
  expect(toolchain()).toEqual({ java: "/jdk/bin/java" });
});

test("bootstrap.mjs gives exactly what the interface promises", () => {
  const source = readFileSync(join(root, "infra/local/toolchain.ts"), "utf8");
  const promised = [...source.matchAll(/^ {2}readonly (\w+): string;$/gm)].map((match) => match[1]);
  const given = load("toolchain", folder).toolchainIn(folder, { home: "/jdk", version: "25.0.3", hash: "abc" });
  expect(Object.keys(given).sort()).toEqual(promised.sort());
  expect(given.java).toBe("/jdk/bin/java");
  expect(statSync(given.classDataDir).isDirectory()).toBe(true);
  for (const program of ["initdb", "pg_ctl", "postgres"])
    expect(statSync(join(given.postgresBin, program)).mode & 0o100).not.toBe(0);
});

test("class-data archives of another JDK are kept apart", () => {
  const { toolchainIn } = load("toolchain", folder);
  const of = (hash: string) => toolchainIn(folder, { home: "/jdk", version: "25.0.3", hash }).classDataDir;
  expect(of("abc")).toBe(of("abc"));
  expect(of("abc")).not.toBe(of("def"));
});

test("started without bootstrap.mjs, and with something missing that it cannot install, a person's mistake is reported", () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  process.env = { HOME: empty, PATH: empty, XDG_CACHE_HOME: empty };
  expect(toolchain).toThrow("The outside tools are not complete: see above.");
});
