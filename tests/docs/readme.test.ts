import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { commands, documents, read } from "./commands";
import { root } from "./reference";

/** What the documents promise is there: commands, files, and the headings that links point at. */

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
/** What npm has without a script of that name. */
const builtIn = ["ci", "install", "test"];

test("the documents are found", () => {
  expect(documents).toEqual(expect.arrayContaining(["README.md", "CONTRIBUTING.md", "docs/configuration.md"]));
});

test("tests that are named can be run", () => {
  const named = commands().flatMap((command) => /^npx jest (\S+)/.exec(command)?.[1] ?? []);
  expect(named).toContain("tests/plan");
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

describe.each(documents)("%s", (document) => {
  test("names commands that there are", () => {
    const named = [...read(document).matchAll(/\bnpm (?:(?:run|-s|--silent) )*([a-z][a-z:-]*)/g)].map(
      ([, name = ""]) => name,
    );
    // "`npm run` commands" names none.
    const unknown = named.filter((name) => name !== "run" && !(name in scripts) && !builtIn.includes(name));
    expect(unknown).toEqual([]);
  });

  test("names flags of commands that they have", () => {
    const source = readFileSync(join(root, "infra/deploy.ts"), "utf8");
    const flags = [...source.matchAll(/^\s+"?([a-z-]+)"?: \{ type: "(?:string|boolean)"/gm)].map(
      ([, name]) => `--${name}`,
    );
    expect(flags).toContain("--stack");
    const own = /npm run (?:-s )?(?:up|preview|down|refresh|status|logs|restart|outputs|sql|filters)\b[^`\n]*/g;
    const named = (read(document).match(own) ?? []).flatMap((command) => command.match(/(?<=\s)--[a-z-]+/g) ?? []);
    expect(named.filter((flag) => !flags.includes(flag))).toEqual([]);
  });

  test("has links that lead somewhere", () => {
    const text = read(document).replace(/```[\s\S]*?```/g, "");
    const dead: string[] = [];
    for (const [, target = ""] of text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? join(root, document) : join(root, dirname(document), path);
      if (!existsSync(file)) dead.push(target);
      else if (anchor !== undefined && statSync(file).isFile() && !anchors(relative(root, file)).includes(anchor))
        dead.push(target);
    }
    expect(dead).toEqual([]);
  });

  test("names files of this project that there are", () => {
    const folders = "infra|apps|flink-jobs|schemas|migrations|tools|tests|docs|bench|helm-values";
    const named = [...read(document).matchAll(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, "g"))].map(
      ([, path = ""]) => path,
    );
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

/** Headings as links name them. */
function anchors(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}
