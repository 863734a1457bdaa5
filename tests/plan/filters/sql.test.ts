import fc from "fast-check";
import { condition, type Filter, insert, overBound } from "../../../infra/plan/filters";
import { identifier, literal } from "../../../infra/plan/filters/sql";
import { oneFilter } from "../../fixtures/filters-events";
import { filterSources, nastyText, printFilter } from "../../fixtures/filters-generator";
import { parseOk, schema } from "./support";

type Token = { readonly kind: "literal" | "identifier" | "other"; readonly text: string };

/** Splits SQL as Flink's parser does: only a doubled quote stands for a quote; a comment is none inside of quotes. */
function tokenise(sql: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /'((?:[^']|'')*)'|`((?:[^`]|``)*)`|([^'`]+)/gy;
  for (let match = pattern.exec(sql); match; match = pattern.exec(sql)) {
    const [, quoted, named, other] = match;
    if (quoted !== undefined) tokens.push({ kind: "literal", text: quoted.replaceAll("''", "'") });
    else if (named !== undefined) tokens.push({ kind: "identifier", text: named.replaceAll("``", "`") });
    else tokens.push({ kind: "other", text: other as string });
  }
  const length = tokens.reduce(
    (sum, { kind, text }) =>
      sum +
      (kind === "other" ? text.length : text.length + (text.split(kind === "literal" ? "'" : "`").length - 1) + 2),
    0,
  );
  if (length !== sql.length) throw new Error(`not all of it is SQL: ${sql.slice(length)}`);
  return tokens;
}
const literals = (sql: string): string[] =>
  tokenise(sql)
    .filter((token) => token.kind === "literal")
    .map((token) => token.text);

describe("SQL of filters", () => {
  test("one condition on the header", () => {
    const filter = parseOk(oneFilter("{ field: eventHeader.createdDate, operator: between, value: [1, 2] }"));
    expect(condition(filter)).toBe(`((CARDINALITY(\`eventBody\`.\`entities\`) > 8) IS NOT TRUE
  AND (
\`eventHeader\`.\`createdDate\` BETWEEN CAST('1' AS BIGINT) AND CAST('2' AS BIGINT)
) IS TRUE)`);
  });

  test("one condition on elements stands for each position", () => {
    const filter = parseOk(oneFilter('{ field: "eventBody.entities[].entityType", operator: equals, value: Loan }'));
    for (let at = 1; at <= 8; at++) {
      expect(condition(filter)).toContain(
        `CARDINALITY(\`eventBody\`.\`entities\`) >= ${at} AND (\`eventBody\`.\`entities\`[${at}].\`entityType\` = 'Loan')`,
      );
    }
    expect(condition(filter)).not.toContain("[9]");
  });

  test("events beyond the bound", () => {
    expect(overBound(schema)).toBe("((CARDINALITY(`eventBody`.`entities`) > 8) IS TRUE)");
    expect(overBound({ type: "record", name: "Flat", fields: [] })).toBe("(FALSE)");
  });

  test("the INSERT names topics and columns as identifiers, and the filter as text", () => {
    const filter: Filter = { ...parseOk(oneFilter("{ field: eventHeader.uuid, operator: isNotNull }")), id: "it's" };
    const sql = insert(filter, {
      from: "raw`x",
      into: "out-1",
      columns: ["eventHeader", "eventBody"],
      key: "eventHeader.uuid",
    });
    expect(sql.split("\n")[0]).toBe("INSERT INTO `out-1`");
    expect(sql).toContain("SELECT `eventHeader`, `eventBody`,\n  CAST(ROW('it''s', 'consumer', ");
    expect(sql).toContain("FROM `raw``x`\nWHERE (");
  });

  test("any text comes back out of its literal, and any name out of its identifier", () => {
    fc.assert(
      fc.property(nastyText, nastyText, (before, text) => {
        expect(tokenise(`x = ${literal(text)} AND y`)).toEqual([
          { kind: "other", text: "x = " },
          { kind: "literal", text },
          { kind: "other", text: " AND y" },
        ]);
        expect(tokenise(`${literal(before)} ${identifier(text)}`)[2]).toEqual({ kind: "identifier", text });
      }),
      { numRuns: 500 },
    );
  });

  test("no value of any filter changes the SQL around it", () => {
    const field = "eventBody.entities[].updatedAttributes.a";
    fc.assert(
      fc.property(nastyText, nastyText, (value, key) => {
        const path = `eventBody.entities[].updatedAttributes['${key.replaceAll("'", "''")}']`;
        const sqlOf = (name: string, text: string) =>
          condition(
            parseOk(printFilter({ conditions: [{ field: name, operator: "equals", value: JSON.stringify(text) }] })),
          );
        const shape = (sql: string) =>
          tokenise(sql)
            .map((token) => (token.kind === "literal" ? "'…'" : token.text))
            .join("");
        expect(shape(sqlOf(path, value))).toBe(shape(sqlOf(field, "x")));
        expect(literals(sqlOf(path, value))).toEqual(Array.from({ length: 8 }, () => [key, value]).flat());
      }),
    );
  });

  test("every generated filter compiles to SQL with balanced parentheses", () => {
    fc.assert(
      fc.property(filterSources, (source) => {
        const code = tokenise(condition(parseOk(printFilter(source))))
          .filter((token) => token.kind === "other")
          .map((token) => token.text)
          .join("");
        let depth = 0;
        for (const char of code) {
          if (char === "(") depth++;
          if (char === ")" && --depth < 0) return false;
        }
        return depth === 0;
      }),
    );
  });
});
