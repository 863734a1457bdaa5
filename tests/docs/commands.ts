import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./reference";

/** Every document of the project, from its root. */
export const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => join("docs", name)),
].filter((name) => name.endsWith(".md"));

export const read = (document: string) => readFileSync(join(root, document), "utf8");

/** Every command of the documents once, as it stands in a block of shell or between backticks, without what is said of it. */
export function commands(): string[] {
  const found = documents.flatMap((document) => {
    const text = read(document);
    const fences = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].filter(
      ([, language]) => !language || language === "sh",
    );
    const blocks = fences.flatMap(([, , block = ""]) => block.split("\n"));
    const inline = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
    return [...blocks, ...inline].map((line) => line.split(/ {2,}| #/)[0]?.trim() ?? "");
  });
  const isCommand = /^(npm (run|test|ci)|npx|pulumi) ?/;
  return [...new Set(found.filter((line) => isCommand.test(line) && line !== "npm run"))].sort();
}
