import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, temporaryFolder } from "./support";

const folder = temporaryFolder();
const cache = join(folder, "cache");

function node(args: string[], env: Record<string, string> = {}) {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", env: { ...inherited, ...env } });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

const translated = (script: string, ...args: string[]) =>
  node(["--require", "./tools/typescript.cjs", script, ...args], { MILLRACE_CACHE: cache });

function script(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("what cannot be a script is answered with the usage, without a stack", () => {
  for (const args of [[], ["--no-such-option"]]) {
    const { status, stdout, stderr } = node(["tools/bootstrap.mjs", ...args]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^usage: /);
    expect(stderr).not.toContain(" at ");
  }
});

test("a script that only computes gets its arguments, and its exit status and stdout are its own", () => {
  const filters = ["infra/deploy.ts", "filters", "--", "check"];
  const right = node(["tools/bootstrap.mjs", ...filters]);
  expect({ status: right.status, stderr: right.stderr }).toEqual({ status: 0, stderr: "" });
  expect(right.stdout).not.toContain("millrace:");
  const wrong = node(["tools/bootstrap.mjs", ...filters, "--file", script("none.yaml", "filters: 3\n")]);
  expect(wrong.status).toBe(1);
});

describe("TypeScript", () => {
  test("imports, exports, import() and JSON are loaded, and the script is the main module", () => {
    mkdirSync(join(folder, "lib"), { recursive: true });
    script("lib/index.ts", "export const answer: number = 41; export default class Named { readonly one = 1 }");
    script("data.json", '{ "more": 1 }');
    const main = script(
      "main.ts",
      `import Named, { answer } from "./lib";
       import { more } from "./data.json";
       async function run(): Promise<void> {
         const again = await import("./lib");
         console.log(answer + more, new Named().one, again.answer, again.default === Named, require.main === module, process.argv.slice(2).join());
       }
       void run();`,
    );
    expect(translated(main, "x", "y")).toEqual({ status: 0, stdout: "42 1 41 true true x,y\n", stderr: "" });
  });

  test("an error names the line of the source", () => {
    const main = script("broken.ts", "interface Unused {\n  a: string;\n}\n\nthrow new Error('here');\n");
    expect(translated(main).stderr).toContain("broken.ts:5:");
  });

  test("a changed file is translated anew, an unchanged one is kept", () => {
    const kept = () => readdirSync(join(cache, "translated")).length;
    const main = script("changing.ts", "console.log(1 as number)");
    expect(translated(main).stdout).toBe("1\n");
    const before = kept();
    expect(translated(main).stdout).toBe("1\n");
    expect(kept()).toBe(before);
    script("changing.ts", "console.log(2 as number)");
    expect(translated(main).stdout).toBe("2\n");
    expect(kept()).toBe(before + 1);
  });
});
