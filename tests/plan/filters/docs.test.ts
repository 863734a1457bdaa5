import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFields } from "../../../infra/plan/filters";
import { maxCompared, maxDepth } from "../../../infra/plan/filters/conditions";
import { maxGroupRepeat, maxPatternLength, maxRepeat } from "../../../infra/plan/filters/pattern";
import { operators } from "../../../infra/plan/filters/types";
import { maxListLength, maxTextLength } from "../../../infra/plan/filters/values";
import { problemsOf, root, schema } from "./support";

const docs = readFileSync(join(root, "docs/filters.md"), "utf8");
const prose = docs.replace(/\s+/g, " ");

describe("docs/filters.md", () => {
  test("its examples are filters without problems", () => {
    const examples = [...docs.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] as string);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(problemsOf(example)).toBe("");
  });

  test("it names every operator and every field", () => {
    for (const operator of Object.keys(operators)) expect(docs).toContain(`\`${operator}\``);
    for (const field of listFields(schema)) expect(docs).toContain(field.replace("…", "loanAmount"));
  });

  test("its limits are those of the code", () => {
    expect(prose).toContain(`Groups nest up to ${maxDepth} deep.`);
    expect(prose).toContain(`A pattern has at most ${maxPatternLength} characters.`);
    expect(prose).toContain(`numbers up to ${maxRepeat} |`);
    expect(prose).toContain(`a group repeats at most ${maxGroupRepeat} times`);
    expect(prose).toContain(`A text has at most ${maxTextLength} characters, a list at most ${maxListLength} values.`);
    expect(prose).toContain(`compares with at most ${maxCompared} values in all`);
    expect(prose).toContain(`in \`maxItems\` of the list (${JSON.stringify(schema).match(/"maxItems":(\d+)/)?.[1]})`);
  });
});
