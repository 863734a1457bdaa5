import { Type } from "avsc";
import fc from "fast-check";
import { incompatibilities, judge } from "../../../infra/plan/shape/avro-compatibility";
import { findings } from "../../../infra/plan/shape/avro-resolution";

const record = (fields: readonly object[], name = "Order") =>
  JSON.stringify({ type: "record", name, namespace: "shop", fields });
const of = (type: unknown, more: object = {}) =>
  record([
    { name: "id", type: "string" },
    { name: "x", type, ...more },
  ]);
const without = record([{ name: "id", type: "string" }]);
const kind = (symbols: readonly string[], more: object = {}) => ({ type: "enum", name: "Kind", symbols, ...more });
const inner = (type: unknown) => ({ type: "record", name: "Inner", fields: [{ name: "y", type }] });

/** What happens, the older version, the newer, and what each direction says, as `rule at path: message`; nothing when it is allowed. */
const changes: [
  what: string,
  older: string,
  newer: string,
  backward: string | undefined,
  forward: string | undefined,
][] = [
  ["nothing", of("int"), of("int"), undefined, undefined],
  ["field added with default", without, of("int", { default: 0 }), undefined, undefined],
  ["optional field added", without, of(["null", "int"], { default: null }), undefined, undefined],
  [
    "field added without default",
    without,
    of("int"),
    "READER_FIELD_MISSING_DEFAULT_VALUE at x: field added without default",
    undefined,
  ],
  [
    "nullable field added without default",
    without,
    of(["null", "int"]),
    "READER_FIELD_MISSING_DEFAULT_VALUE at x: field added without default",
    undefined,
  ],
  ["field removed that had a default", of("int", { default: 0 }), without, undefined, undefined],
  [
    "field removed that had none",
    of("int"),
    without,
    undefined,
    "READER_FIELD_MISSING_DEFAULT_VALUE at x: field removed that had no default in the older version",
  ],
  [
    "type changed",
    of("int"),
    of("string"),
    "TYPE_MISMATCH at x: the type changed from int to string",
    "TYPE_MISMATCH at x: the type changed from int to string",
  ],
  ["type widened", of("int"), of("long"), undefined, "TYPE_MISMATCH at x: the type changed from int to long"],
  ["type narrowed", of("double"), of("float"), "TYPE_MISMATCH at x: the type changed from double to float", undefined],
  [
    "made nullable",
    of("int"),
    of(["null", "int"]),
    undefined,
    "MISSING_UNION_BRANCH at x: null is newly allowed, and readers of the older version do not know it",
  ],
  [
    "null taken away",
    of(["null", "int"]),
    of("int"),
    "MISSING_UNION_BRANCH at x: null is no longer allowed",
    undefined,
  ],
  [
    "branch added",
    of(["null", "int"]),
    of(["null", "int", "string"]),
    undefined,
    "MISSING_UNION_BRANCH at x: type string is newly allowed, and readers of the older version do not know it",
  ],
  [
    "enum symbol added",
    of(kind(["A"])),
    of(kind(["A", "B"])),
    undefined,
    "MISSING_ENUM_SYMBOLS at x: the enum symbol B added, and the older version has no default to read as",
  ],
  [
    "enum symbol added to one with a default",
    of(kind(["A"], { default: "A" })),
    of(kind(["A", "B"], { default: "A" })),
    undefined,
    undefined,
  ],
  [
    "enum symbols removed",
    of(kind(["A", "B", "C"])),
    of(kind(["A"])),
    "MISSING_ENUM_SYMBOLS at x: the enum symbols B, C removed, and the newer version has no default",
    undefined,
  ],
  [
    "size of a fixed",
    of({ type: "fixed", name: "F", size: 4 }),
    of({ type: "fixed", name: "F", size: 8 }),
    "FIXED_SIZE_MISMATCH at x: the size of the fixed changed from 4 to 8 bytes",
    "FIXED_SIZE_MISMATCH at x: the size of the fixed changed from 4 to 8 bytes",
  ],
  [
    "record renamed",
    record([], "A"),
    record([], "B"),
    "NAME_MISMATCH at : the name of the record changed from shop.A to shop.B",
    "NAME_MISMATCH at : the name of the record changed from shop.A to shop.B",
  ],
  [
    "in an array",
    of({ type: "array", items: inner("int") }),
    of({ type: "array", items: inner("boolean") }),
    "TYPE_MISMATCH at x[].y: the type changed from int to boolean",
    "TYPE_MISMATCH at x[].y: the type changed from int to boolean",
  ],
  [
    "in a map",
    of({ type: "map", values: "int" }),
    of({ type: "map", values: "long" }),
    undefined,
    "TYPE_MISMATCH at x{}: the type changed from int to long",
  ],
  [
    "in a branch",
    of(["null", inner("int")]),
    of(["null", inner("boolean")]),
    "TYPE_MISMATCH at x.y: the type changed from int to boolean",
    "TYPE_MISMATCH at x.y: the type changed from int to boolean",
  ],
];

describe("one change", () => {
  test.each(changes)("%s", (_, older, newer, backward, forward) => {
    const told = (level: "BACKWARD" | "FORWARD" | "FULL") =>
      incompatibilities(older, newer, level).map(({ path, rule, message }) => `${rule} at ${path}: ${message}`);
    const expected = [backward && `BACKWARD ${backward}`, forward && `FORWARD ${forward}`];
    expect(told("BACKWARD")).toEqual(expected.slice(0, 1).filter(Boolean));
    expect(told("FORWARD")).toEqual(expected.slice(1).filter(Boolean));
    expect(told("FULL")).toEqual(expected.filter(Boolean));
  });

  test("NONE allows everything", () => {
    expect(incompatibilities(of("int"), of("string"), "NONE")).toEqual([]);
  });
});

test("every place is told, and a record that is used twice is told once", () => {
  const row = (type: string) => ({ type: "record", name: "Row", fields: [{ name: "y", type }] });
  const envelope = (type: string, op: string) =>
    record([
      { name: "before", type: ["null", row(type)] },
      { name: "after", type: ["null", "Row"] },
      { name: "op", type: op },
    ]);
  expect(
    incompatibilities(envelope("int", "string"), envelope("boolean", "int"), "BACKWARD").map(({ path }) => path),
  ).toEqual(["before.y", "op"]);
});

test("a record that contains itself", () => {
  const list = (type: string) =>
    record([
      { name: "value", type },
      { name: "next", type: ["null", "Order"], default: null },
    ]);
  expect(incompatibilities(list("int"), list("long"), "BACKWARD")).toEqual([]);
  expect(incompatibilities(list("int"), list("string"), "BACKWARD")).toMatchObject([{ path: "value" }]);
});

describe("several older versions", () => {
  // The first had x as text, the second had none: only a transitive level remembers the first.
  const versions = [of("string", { default: "" }), without];
  const newer = of("int", { default: 0 });

  test("the plain levels compare with the last", () => {
    for (const level of ["BACKWARD", "FORWARD", "FULL"] as const)
      expect(incompatibilities(versions, newer, level)).toEqual([]);
  });

  test("the transitive ones with each", () => {
    expect(incompatibilities(versions, newer, "BACKWARD_TRANSITIVE")).toMatchObject([
      { path: "x", rule: "BACKWARD TYPE_MISMATCH" },
    ]);
    expect(incompatibilities(versions, newer, "FORWARD_TRANSITIVE")).toMatchObject([
      { path: "x", rule: "FORWARD TYPE_MISMATCH" },
    ]);
    expect(incompatibilities(versions, newer, "FULL_TRANSITIVE")).toHaveLength(2);
  });

  test("none at all allow everything", () => {
    expect(incompatibilities([], newer, "FULL_TRANSITIVE")).toEqual([]);
  });
});

/** Types as a function of where they stand: a named type is named by its path, so that two schemas name alike what stands at one place. */
type At = (path: string) => unknown;
const { type: anyType } = fc.letrec<{ type: At; record: At }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "boolean", "int", "long", "float", "double", "bytes", "string").map(
      (name): At =>
        () =>
          name,
    ),
    fc.tuple(fc.subarray(["A", "B", "C"], { minLength: 1 }), fc.boolean()).map(
      ([symbols, hasDefault]): At =>
        (path) => ({ type: "enum", name: `E${path}`, symbols, ...(hasDefault && { default: symbols[0] }) }),
    ),
    fc.constantFrom(4, 8).map(
      (size): At =>
        (path) => ({ type: "fixed", name: `F${path}`, size }),
    ),
    tie("type").map(
      (items): At =>
        (path) => ({ type: "array", items: items(`${path}_i`) }),
    ),
    tie("type").map(
      (values): At =>
        (path) => ({ type: "map", values: values(`${path}_v`) }),
    ),
    fc
      .uniqueArray(fc.constantFrom("null", "int", "long", "string", "bytes", "boolean"), { minLength: 1, maxLength: 3 })
      .map(
        (names): At =>
          () =>
            names,
      ),
    tie("record").map(
      (inner): At =>
        (path) => ["null", inner(path)],
    ),
    tie("record"),
  ),
  record: fc
    .uniqueArray(fc.record({ name: fc.constantFrom("a", "b", "c"), type: tie("type"), hasDefault: fc.boolean() }), {
      selector: (field) => field.name,
    })
    .map(
      (fields): At =>
        (path) => ({
          type: "record",
          name: `R${path}`,
          fields: fields.map((field) => toField(field.name, field.type(`${path}_${field.name}`), field.hasDefault)),
        }),
    ),
}));

const anySchema = anyType.map((at) => at(""));

const defaults: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  int: 1,
  long: 1,
  float: 1.5,
  double: 1.5,
  bytes: "",
  string: "",
};
function toField(name: string, type: unknown, hasDefault: boolean): object {
  const first = Array.isArray(type) ? type[0] : type;
  return hasDefault && typeof first === "string" ? { name, type, default: defaults[first] } : { name, type };
}

/** The schema with some of its places changed, each as the next decision says; most decisions change nothing. */
function changed(schema: unknown, decide: () => number): unknown {
  const decision = decide();
  if (Array.isArray(schema)) {
    const branches = schema.filter((_, index) => index === 0 || decision !== 1);
    const nullable = branches.includes("null") || decision !== 2 ? branches : ["null", ...branches];
    return nullable.map((branch) => (typeof branch === "string" ? branch : changed(branch, decide)));
  }
  if (typeof schema === "string")
    return decision === 1 ? "long" : decision === 2 && schema !== "null" ? ["null", schema] : schema;
  const { type, fields, symbols, items, values, ...rest } = schema as Record<string, unknown>;
  if (symbols) return { type, symbols: (symbols as string[]).slice(0, decision === 1 ? 1 : 3), ...rest };
  if (items) return { type, items: changed(items, decide) };
  if (values) return { type, values: changed(values, decide) };
  if (!fields) return decision === 1 ? { type, ...rest, size: 16 } : schema;
  const kept = (fields as { name: string; type: unknown }[])
    .filter(() => decide() !== 1)
    .map(({ name, type, ...more }) =>
      "default" in more ? { name, type, ...more } : { name, type: changed(type, decide) },
    );
  const added =
    decision === 1 ? [{ name: "d", type: "int" }] : decision === 2 ? [{ name: "d", type: "int", default: 0 }] : [];
  return { type, fields: [...kept, ...added], ...rest };
}

const anyPair = fc.oneof(
  fc.tuple(anySchema, anySchema),
  fc
    .tuple(anySchema, fc.array(fc.nat(6), { minLength: 1, maxLength: 20 }), fc.boolean())
    .map(([schema, decisions, swap]) => {
      let next = 0;
      const other = changed(schema, () => decisions[next++ % decisions.length] as number);
      return swap ? [other, schema] : [schema, other];
    }),
);

test("the walk finds a reason exactly when avsc refuses", () => {
  const answers = { refused: 0, accepted: 0 };
  fc.assert(
    fc.property(anyPair, (pair) => {
      const [reader, writer] = pair.map((schema) => Type.forSchema(schema as never, { registry: {} })) as [Type, Type];
      const refusal = judge(reader, writer);
      answers[refusal === undefined ? "accepted" : "refused"]++;
      expect(findings(reader, writer, "newer").length > 0).toBe(refusal !== undefined);
    }),
    { numRuns: 2000 },
  );
  // Otherwise the pairs were so unlike, or so alike, that nothing was tried.
  expect(answers.accepted).toBeGreaterThan(200);
  expect(answers.refused).toBeGreaterThan(200);
});

test("a schema may always stay as it is", () => {
  fc.assert(
    fc.property(anySchema, (schema) => {
      const text = JSON.stringify(schema);
      expect(incompatibilities([text, text], text, "FULL_TRANSITIVE")).toEqual([]);
    }),
  );
});
