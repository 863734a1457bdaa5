import { jsonIncompatibilities } from "../../../infra/plan/shape/json-compatibility";
import { jsonRules, unfitByRules } from "../../../infra/plan/shape/json-rules";
import { jsonColumns, refusedInJson } from "../../../infra/plan/shape/json-types";

const object = (properties: object, required: readonly string[] = []) => ({ type: "object", properties, required });
const text = { type: "string" };

test("columns have the types of the properties, and are NOT NULL where a value must be", () => {
  const order = object(
    {
      id: text,
      amount: text,
      count: { type: "integer" },
      small: { type: "integer", format: "int32" },
      share: { type: "number" },
      open: { type: "boolean" },
      note: { type: ["string", "null"] },
      items: { type: "array", items: object({ sku: text }, ["sku"]) },
      labels: { type: "object", additionalProperties: text },
    },
    ["id", "note", "items"],
  );
  expect(refusedInJson(order)).toEqual([]);
  expect(jsonColumns(order)).toEqual([
    { name: "id", type: "STRING NOT NULL" },
    { name: "amount", type: "STRING" },
    { name: "count", type: "BIGINT" },
    { name: "small", type: "INT" },
    { name: "share", type: "DOUBLE" },
    { name: "open", type: "BOOLEAN" },
    { name: "note", type: "STRING" },
    { name: "items", type: "ARRAY<ROW<`sku` STRING NOT NULL> NOT NULL> NOT NULL" },
    { name: "labels", type: "MAP<STRING NOT NULL, STRING NOT NULL>" },
  ]);
});

test.each([
  ["no object", text, "schema", "A table is made of an object with properties."],
  [
    "a choice",
    object({ a: { anyOf: [text] } }),
    "schema › a",
    "A column has one shape, and anyOf can give it several.",
  ],
  ["two types", object({ a: { type: ["string", "integer"] } }), "schema › a", "A column has one type."],
  ["no type", object({ a: { b: object({ c: {} }) } }), "schema › a", "A column has one type."],
  [
    "deep inside",
    object({ a: { type: "array", items: object({ c: {} }) } }),
    "schema › a[].c",
    "A column has one type.",
  ],
  ["required", object({ a: text }, ["b"]), "schema", "The field b is required, and there is no such property."],
])("what makes no column is refused with its place: %s", (_, schema, path, message) => {
  expect(refusedInJson(schema)).toMatchObject([{ path, message }]);
});

test("rules about values become conditions, each with what it says", () => {
  const schema = object({
    status: { type: "string", enum: ["OPEN", "IT'S"] },
    address: object({ pin: { type: "string", pattern: "^[0-9]{6}$", maxLength: 6 } }),
    count: { type: "integer", minimum: 1, exclusiveMaximum: 10 },
    items: { type: "array", items: { type: "integer", minimum: 1 } },
  });
  expect(jsonRules(schema)).toEqual([
    { broken: "`status` NOT IN ('OPEN', 'IT''S')", says: "status: none of OPEN, IT'S" },
    { broken: "NOT REGEXP(`address`.`pin`, '^[0-9]{6}$')", says: "address.pin: not like ^[0-9]{6}$" },
    { broken: "CHAR_LENGTH(`address`.`pin`) > 6", says: "address.pin: too long" },
    { broken: "`count` < 1", says: "count: less than 1" },
    { broken: "`count` >= 10", says: "count: not less than 10" },
  ]);
  expect(unfitByRules(schema)?.condition).toContain("(`count` < 1) IS TRUE OR ");
  expect(unfitByRules(object({ a: text }))).toBeUndefined();
});

describe("a new version", () => {
  const old = object({ id: text, status: { type: "string", enum: ["A", "B"] }, n: { type: "integer" } }, ["id"]);
  const { id, status, n } = old.properties as Record<string, object>;
  const rules = (next: object, level: Parameters<typeof jsonIncompatibilities>[2]) =>
    jsonIncompatibilities(JSON.stringify(old), JSON.stringify(next), level).map(
      ({ rule, path }) => `${rule} at ${path}`,
    );

  test.each([
    ["an optional field more", object({ id, status, n, note: text }, ["id"]), []],
    ["a field less", object({ id, status }, ["id"]), []],
    [
      "a required field more",
      object({ id, status, n, a: text }, ["id", "a"]),
      ["BACKWARD REQUIRED_FIELD_MISSING at a"],
    ],
    ["a field no longer required", object({ id, status, n }), ["FORWARD REQUIRED_FIELD_MISSING at id"]],
    ["a wider number", object({ id, status, n: { type: "number" } }, ["id"]), ["FORWARD TYPE_MISMATCH at n"]],
    [
      "another type",
      object({ id, status, n: text }, ["id"]),
      ["BACKWARD TYPE_MISMATCH at n", "FORWARD TYPE_MISMATCH at n"],
    ],
    [
      "a value less",
      object({ id, status: { type: "string", enum: ["A"] }, n }, ["id"]),
      ["BACKWARD MISSING_ENUM_VALUES at status"],
    ],
    [
      "null as well",
      object({ id, status, n: { type: ["integer", "null"] } }, ["id"]),
      ["FORWARD NULL_NOT_ALLOWED at n"],
    ],
  ])("with %s", (_, next, broken) => {
    expect(rules(next, "FULL")).toEqual(broken);
    expect(rules(next, "BACKWARD")).toEqual(broken.filter((rule) => rule.startsWith("BACKWARD")));
    expect(rules(next, "NONE")).toEqual([]);
  });
});
