import { evaluate } from "../../../infra/plan/filters";
import { truthTable } from "../../fixtures/filters-truth-table";
import { parseOk } from "./support";

describe("the dry run gives the answers of the truth table", () => {
  test.each(truthTable)("$name", ({ yaml, event, expected }) => {
    expect(evaluate(parseOk(yaml), event).holds).toBe(expected);
  });

  test("every operator has rows that hold and rows that do not", () => {
    const operators = [
      "equals",
      "in",
      "notIn",
      "greaterThan",
      "lessThan",
      "greaterThanOrEqual",
      "lessThanOrEqual",
      "between",
      "matches",
      "isNull",
      "isNotNull",
    ];
    for (const operator of operators) {
      const rows = truthTable.filter((row) => new RegExp(`operator: ${operator}\\b`).test(row.yaml));
      expect(new Set(rows.map((row) => row.expected))).toEqual(new Set([true, false]));
    }
  });
});
