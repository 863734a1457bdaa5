import fc from "fast-check";
import {
  type Condition,
  condition,
  describeExplanation,
  describeFilter,
  evaluate,
  type Filter,
  type Group,
  parseFilters,
} from "../../../infra/plan/filters";
import { entity, event, oneFilter, outputs } from "../../fixtures/filters-events";
import {
  type ConditionSource,
  conditions,
  events,
  filterSources,
  type GroupSource,
  nastyText,
  printFilter,
} from "../../fixtures/filters-generator";
import { parse, parseOk } from "./support";

const holds = (source: GroupSource, sample: unknown): boolean => evaluate(parseOk(printFilter(source)), sample).holds;

/** A filter as YAML again, from nothing but its model. */
function print(filter: Filter): string {
  const value = ({ operator, values }: Condition): string | undefined => {
    const texts = values.map((each) =>
      each.type === "text" ? JSON.stringify(each.text) : each.type === "number" ? each.text : String(each.value),
    );
    return texts.length === 0
      ? undefined
      : ["in", "notIn", "between"].includes(operator)
        ? `[${texts.join(", ")}]`
        : texts[0];
  };
  const source = (group: Group): GroupSource => ({
    logic: group.logic,
    ...(group.sameEntityOf && { sameEntity: true as const }),
    conditions: group.conditions.map((each): ConditionSource | GroupSource => {
      if (each.kind === "group") return source(each);
      const text = value(each);
      return { field: each.field.name, operator: each.operator, ...(text !== undefined && { value: text }) };
    }),
  });
  return printFilter(source(filter.root), filter.id);
}

describe("filters read and run", () => {
  test("a filter printed and read again is the same filter", () => {
    fc.assert(
      fc.property(filterSources, (source) => {
        const filter = parseOk(printFilter(source));
        expect(parseOk(print(filter))).toEqual(filter);
      }),
    );
  });

  test("AND holds when all of its conditions hold, OR when one does", () => {
    fc.assert(
      fc.property(fc.array(conditions, { minLength: 1, maxLength: 4 }), events, (members, sample) => {
        const each = members.map((member) => holds({ conditions: [member] }, sample));
        expect(holds({ logic: "AND", conditions: members }, sample)).toBe(each.every(Boolean));
        expect(holds({ logic: "OR", conditions: members }, sample)).toBe(each.some(Boolean));
      }),
    );
  });

  test("sameEntity holds when an event of that one element alone would pass, and then without it too", () => {
    const onElements = conditions.filter((member) => member.field.includes("[]"));
    fc.assert(
      fc.property(
        fc.array(onElements, { minLength: 1, maxLength: 3 }),
        fc.constantFrom("AND" as const, "OR" as const),
        events,
        (members, logic, sample) => {
          const same = holds({ logic, sameEntity: true, conditions: members }, sample);
          const all = sample.eventBody.entities;
          const alone = all.some((each) =>
            holds({ logic, conditions: members }, { ...sample, eventBody: { entities: [each] } }),
          );
          expect(same).toBe(all.length <= 8 && alone);
          if (same) expect(holds({ logic, conditions: members }, sample)).toBe(true);
        },
      ),
    );
  });

  test("in is any of equals; notIn is neither, and never of null", () => {
    const single = conditions.filter((member) => member.operator === "in");
    fc.assert(
      fc.property(single, events, (member, sample) => {
        const one: typeof sample = { ...sample, eventBody: { entities: sample.eventBody.entities.slice(0, 1) } };
        const isIn = holds({ conditions: [member] }, one);
        const isNotIn = holds({ conditions: [{ ...member, operator: "notIn" }] }, one);
        expect(isIn && isNotIn).toBe(false);
        const isNull = holds({ conditions: [{ field: member.field, operator: "isNull" }] }, one);
        if (isNull) expect(isIn || isNotIn).toBe(false);
      }),
    );
  });

  test("between is at least the one and at most the other", () => {
    const ranges = conditions.filter((member) => member.operator === "between");
    fc.assert(
      fc.property(ranges, events, (member, sample) => {
        const [low, high] = (member.value as string).slice(1, -1).split(", ");
        const bounds = [
          { ...member, operator: "greaterThanOrEqual", value: low as string },
          { ...member, operator: "lessThanOrEqual", value: high as string },
        ];
        const one = { ...sample, eventBody: { entities: sample.eventBody.entities.slice(0, 1) } };
        expect(holds({ conditions: [member] }, one)).toBe(holds({ conditions: bounds }, one));
      }),
    );
  });

  test("any JSON is an event, without fields at worst", () => {
    fc.assert(
      fc.property(filterSources, fc.jsonValue(), events, fc.jsonValue(), (source, json, sample, odd) => {
        const filter = parseOk(printFilter(source));
        for (const given of [
          json,
          { ...sample, eventBody: json },
          { ...sample, eventBody: { entities: [odd] } },
          { ...sample, eventHeader: odd },
        ]) {
          expect(describeExplanation(evaluate(filter, given))).not.toEqual([]);
        }
        expect(describeFilter(filter)).toContain(filter.id);
      }),
    );
  });

  test("any text is filters or problems, and filters without problems compile", () => {
    const pieces = fc.constantFrom(
      "filters:\n",
      "  - ",
      "id: ",
      "a\n",
      "conditions:\n",
      "[",
      "]",
      "{",
      "}",
      ", ",
      ": ",
      "field: eventHeader.uuid",
      "operator: ",
      "in",
      "value: ",
      "&a ",
      "*a ",
      "!!x ",
      "? ",
      "| \n",
      "---\n",
      "%YAML 1.1\n",
      "#",
      "\t",
      "\0",
      '"',
      "'",
      "<<: ",
      "null",
      "0x1",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join("")),
          nastyText,
          fc.string({ unit: "binary" }),
          fc.json(),
        ),
        (text) => {
          const { filters, problems } = parse(text);
          expect(problems.length > 0 || filters.length > 0).toBe(true);
          for (const problem of problems)
            expect(problem).toMatchObject({ file: "filters.yaml", message: expect.stringMatching(/./) });
        },
      ),
      { numRuns: 800 },
    );
  });

  test("any JSON in place of a part of a filter is a filter or a problem", () => {
    const parts = [
      "id",
      "consumerId",
      "outputTopic",
      "enabled",
      "sharesOutput",
      "description",
      "logic",
      "sameEntity",
      "conditions",
    ] as const;
    const cond = ["field", "operator", "value"] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...parts),
        fc.constantFrom(...cond),
        fc.jsonValue({ maxDepth: 3 }),
        fc.boolean(),
        (part, key, json, inside) => {
          const member = {
            field: "eventBody.entities[].updatedAttributes.a",
            operator: "equals",
            value: "x",
            ...(inside && { [key]: json }),
          };
          const filter = {
            id: "a",
            consumerId: "c",
            outputTopic: outputs[0],
            conditions: [member],
            ...(!inside && { [part]: json }),
          };
          const { filters, problems } = parse(JSON.stringify({ filters: [filter] }));
          expect(filters.length === 1).toBe(problems.length === 0);
          for (const each of filters) condition(each);
        },
      ),
      { numRuns: 600 },
    );
  });

  test("a schema of other shapes", () => {
    const text = oneFilter("{ field: PATH, operator: isNull }");
    const fields = (type: unknown) => ({ type: "record", name: "R", fields: [{ name: "f", type }] });
    const problemOf = (type: unknown, path: string): string | undefined =>
      parseFilters(text.replace("PATH", JSON.stringify(path)), { file: "f", schema: fields(type) as never, outputs })
        .problems[0]?.message;
    expect(problemOf(["null", "string"], "f")).toBeUndefined();
    expect(problemOf({ type: "enum", name: "E", symbols: ["A"] }, "f")).toBeUndefined();
    expect(problemOf("boolean", "f")).toBeUndefined();
    expect(
      problemOf(
        {
          type: "record",
          name: "Inner",
          fields: [
            { name: "next", type: ["null", "Inner"] },
            { name: "x", type: "int" },
          ],
        },
        "f.next.next.x",
      ),
    ).toBeUndefined();
    expect(problemOf("double", "f")).toBe(
      "f is of type double; conditions compare only string, enum, int, long and boolean.",
    );
    expect(problemOf({ type: "long", logicalType: "timestamp-millis" }, "f")).toBe(
      "f is of type timestamp-millis; conditions compare only string, enum, int, long and boolean.",
    );
    expect(problemOf({ type: "map", values: "long" }, "f.a")).toBe(
      "f is a map of long; only maps of text can be filtered.",
    );
    expect(problemOf(["string", "long"], "f")).toBe(
      "f is of type union; conditions compare only string, enum, int, long and boolean.",
    );
    expect(problemOf({ type: "array", maxItems: 0, items: "string" }, "f[]")).toBe(
      'The schema sets no "maxItems" for f.',
    );
    expect(problemOf({ type: "array", maxItems: 3, items: "string" }, "f[]")).toBeUndefined();
    expect(problemOf({ type: "array", maxItems: 3, items: { type: "array", items: "string" } }, "f[][]")).toBe(
      "f[] is a list inside a list, which filters cannot look into.",
    );
  });

  test("the explanation says which condition decided, on which value", () => {
    const filter = parseOk(
      oneFilter(`{ field: eventHeader.eventName, operator: in, value: [LoanCreated] }, { logic: OR, conditions: [
        { field: "eventBody.entities[].updatedAttributes.amount", operator: greaterThan, value: 10 },
        { sameEntity: true, conditions: [{ field: "eventBody.entities[].entityType", operator: equals, value: Loan }, { field: "eventBody.entities[].updatedAttributes.tier", operator: equals, value: gold }] }] }`),
    );
    const why = (entities: Parameters<typeof event>[0]["entities"] & object) =>
      describeExplanation(evaluate(filter, event({ entities })));
    expect(why([entity("Car"), entity("Loan", { amount: "11.5" })])).toEqual([
      '+ eventHeader.eventName is one of "LoanCreated": "LoanCreated"',
      `+ eventBody.entities[].updatedAttributes['amount'] is greater than 10: [1] "11.5"`,
    ]);
    expect(why([entity("Car", { tier: "gold" }), entity("Loan", { amount: "x", tier: null })])).toEqual([
      `- eventBody.entities[].updatedAttributes['amount'] is greater than 10: [0] null, [1] "x"`,
      "- eventBody.entities[0] does not fit",
      '  - eventBody.entities[].entityType equals "Loan": [0] "Car"',
      "- eventBody.entities[1] does not fit",
      `  - eventBody.entities[].updatedAttributes['tier'] equals "gold": [1] null`,
    ]);
    expect(why([entity("Loan", { tier: "gold" })])).toContain("+ eventBody.entities[0] fits");
    expect(why([])).toEqual([
      "- eventBody.entities[].updatedAttributes['amount'] is greater than 10: there is no element",
      "- one element of eventBody.entities fits: there is none",
    ]);
    expect(why(Array.from({ length: 9 }, () => entity("Loan", { tier: "gold" })))).toEqual([
      "- eventBody.entities has 9 elements; with more than 8 an event goes to the dead letter",
    ]);
  });
});
