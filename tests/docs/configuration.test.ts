import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { costs } from "./costs";
import { projectSchema, reference, root } from "./reference";

const file = join(root, "docs/configuration.md");
const [begin, end] = [
  "<!-- reference: made by UPDATE_DOCS=1 npx jest tests/docs -->\n\n",
  "\n\n<!-- end of reference -->",
];

test("docs/configuration.md says of each key what the code says", () => {
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  expect(text).toContain(begin);
  expect(text).toContain(end);
  if (process.env.UPDATE_DOCS) writeFileSync(file, text.slice(0, from) + reference() + text.slice(to));
  else expect(text.slice(from, to)).toBe(reference());
});

test("Pulumi.yaml has the schema of each key", () => {
  const project = join(root, "Pulumi.yaml");
  const text = readFileSync(project, "utf8");
  const mark = "# made by UPDATE_DOCS=1 npx jest tests/docs\n";
  const from = text.indexOf(mark) + mark.length;
  expect(text).toContain(mark);
  if (process.env.UPDATE_DOCS) writeFileSync(project, text.slice(0, from) + projectSchema());
  else expect(text.slice(from)).toBe(projectSchema());
});

test("docs/environments.md counts costs from the table of sizes", () => {
  const document = join(root, "docs/environments.md");
  const text = readFileSync(document, "utf8");
  const marks = ["<!-- costs: made by UPDATE_DOCS=1 npx jest tests/docs -->\n\n", "\n\n<!-- end of costs -->"] as const;
  const [from, to] = [text.indexOf(marks[0]) + marks[0].length, text.indexOf(marks[1])];
  expect(text).toContain(marks[0]);
  expect(text).toContain(marks[1]);
  if (process.env.UPDATE_DOCS) writeFileSync(document, text.slice(0, from) + costs() + text.slice(to));
  else expect(text.slice(from, to)).toBe(costs());
});

test("every setting says what it is, and what is allowed", () => {
  const rows = reference()
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) {
    const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    expect(cells.slice(1, 5)).not.toContain("");
    expect(cells[3]).not.toMatch(/^Invalid/);
  }
});
