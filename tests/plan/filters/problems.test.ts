import { problemsOf, schema } from "./support";

/** One filter with the given conditions, as a person would write it; the condition is on line 6. */
const withCondition = (condition: string): string =>
  `filters:
  - id: f
    consumerId: c
    outputTopic: filtered-loan-events
    conditions:
      - ${condition}
`;
const allOperators =
  "equals, in, notIn, greaterThan, lessThan, greaterThanOrEqual, lessThanOrEqual, between, matches, isNull, isNotNull";
const allFields =
  "eventHeader.uuid, eventHeader.eventName, eventHeader.createdDate, eventHeader.savedDate, eventHeader.eventType, eventBody.entities[].entityType, eventBody.entities[].entityId, eventBody.entities[].updatedAttributes['…'], sourceMetadata.table, sourceMetadata.operation, sourceMetadata.timestamp";
const name = "field: eventHeader.eventName";
const date = "field: eventHeader.createdDate";
const amount = "field: 'eventBody.entities[].updatedAttributes.amount'";
const show = (head: string, rest: Readonly<Record<string, string>>): string =>
  [`  filters.yaml:${head}`, ...Object.entries(rest).map(([key, value]) => `      ${key.padEnd(8)} ${value}`)].join(
    "\n",
  );

/** Condition, place and message, and the lines below it. */
const conditions: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  [
    `{ ${name}, operator: equal, value: x }`,
    "6  f › conditions[0].operator: There is no such operator.",
    { given: '"equal"', allowed: allOperators, fix: "Did you mean equals?" },
  ],
  [
    `{ ${name}, operator: resembles, value: x }`,
    "6  f › conditions[0].operator: There is no such operator.",
    { given: '"resembles"', allowed: allOperators },
  ],
  [
    `{ ${name}, operator: 5, value: x }`,
    "6  f › conditions[0].operator: operator must be text.",
    { given: "5", allowed: allOperators, fix: 'Put it into quotes: "5".' },
  ],
  [`{ ${name}, value: x }`, "6  f › conditions[0]: The key operator is missing.", { allowed: allOperators }],
  ["{ operator: equals, value: x }", "6  f › conditions[0]: The key field is missing.", {}],
  [
    "{ field: eventHeader.eventNam, operator: equals, value: x }",
    "6  f › conditions[0].field: There is no field eventNam in eventHeader.",
    { given: '"eventHeader.eventNam"', allowed: allFields, fix: "Did you mean eventName?" },
  ],
  [
    "{ field: header.eventName, operator: equals, value: x }",
    "6  f › conditions[0].field: There is no field header in the event.",
    { given: '"header.eventName"', allowed: allFields },
  ],
  [
    "{ field: eventBody.entities.entityType, operator: isNull }",
    "6  f › conditions[0].field: eventBody.entities is a list.",
    {
      given: '"eventBody.entities.entityType"',
      allowed: allFields,
      fix: "Write eventBody.entities[] to ask whether any of its elements fits.",
    },
  ],
  [
    "{ field: 'eventBody.entities[0].entityType', operator: isNull }",
    "6  f › conditions[0].field: This is no path to a field.",
    {
      given: '"eventBody.entities[0].entityType"',
      allowed: allFields,
      fix: "Elements have no position here: write [] to ask whether any of them fits.",
    },
  ],
  [
    "{ field: 'eventHeader[].uuid', operator: isNull }",
    "6  f › conditions[0].field: eventHeader is no list.",
    { given: '"eventHeader[].uuid"', allowed: allFields, fix: "Remove the []." },
  ],
  [
    "{ field: eventHeader, operator: isNull }",
    "6  f › conditions[0].field: eventHeader is a record, not a value.",
    { given: '"eventHeader"', allowed: allFields, fix: "Name a value in it: eventHeader.…." },
  ],
  [
    "{ field: 'eventBody.entities[].updatedAttributes', operator: isNull }",
    "6  f › conditions[0].field: eventBody.entities[].updatedAttributes is a map, not a value.",
    {
      given: '"eventBody.entities[].updatedAttributes"',
      allowed: allFields,
      fix: "Name a value in it: eventBody.entities[].updatedAttributes['attribute'].",
    },
  ],
  [
    "{ field: 'eventBody.entities[].updatedAttributes.a.b', operator: isNull }",
    "6  f › conditions[0].field: eventBody.entities[].updatedAttributes['a'] is text and has nothing below it.",
    {
      given: '"eventBody.entities[].updatedAttributes.a.b"',
      allowed: allFields,
      fix: "Write eventBody.entities[].updatedAttributes['a.b'] for an attribute whose name has a dot.",
    },
  ],
  [
    "{ field: eventHeader.uuid.x, operator: isNull }",
    "6  f › conditions[0].field: eventHeader.uuid is of type string and has nothing below it.",
    { given: '"eventHeader.uuid.x"', allowed: allFields },
  ],
  [
    `{ ${name}, operator: equals, valu: x }`,
    "6  f › conditions[0]: This key is not known.",
    { given: '"valu"', allowed: "field, operator, value", fix: "Did you mean value?" },
  ],
  [
    `{ ${name}, operator: equals }`,
    "6  f › conditions[0]: The key value is missing: equals needs it.",
    { allowed: "a single value" },
  ],
  [
    `{ ${name}, operator: equals, value: null }`,
    "6  f › conditions[0].value: null cannot be compared with.",
    { given: "null", allowed: "text", fix: "Use isNull or isNotNull." },
  ],
  [
    `{ ${name}, operator: equals, value: [a, b] }`,
    "6  f › conditions[0].value: equals takes a single value.",
    { given: '["a","b"]', allowed: "a single value", fix: "Use in to compare with several values." },
  ],
  [
    `{ ${name}, operator: equals, value: { a: 1 } }`,
    "6  f › conditions[0].value: equals takes a single value.",
    { given: '{"a":1}', allowed: "a single value", fix: "Use in to compare with several values." },
  ],
  [
    `{ ${name}, operator: equals, value: 5 }`,
    "6  f › conditions[0].value: equals cannot compare eventHeader.eventName with a number.",
    { given: "5", allowed: "text", fix: 'Put it into quotes: "5".' },
  ],
  [
    `{ ${name}, operator: in, value: [a, true] }`,
    "6  f › conditions[0].value[1]: in cannot compare eventHeader.eventName with true or false.",
    { given: "true", allowed: "text", fix: 'Put it into quotes: "true".' },
  ],
  [
    `{ ${name}, operator: greaterThan, value: 5 }`,
    "6  f › conditions[0].value: greaterThan cannot compare eventHeader.eventName, which is text.",
    { allowed: "equals, in, notIn, matches, isNull, isNotNull" },
  ],
  [
    `{ ${date}, operator: matches, value: "1" }`,
    "6  f › conditions[0].value: matches cannot compare eventHeader.createdDate, which is a whole number.",
    {
      allowed:
        "equals, in, notIn, greaterThan, lessThan, greaterThanOrEqual, lessThanOrEqual, between, isNull, isNotNull",
    },
  ],
  [
    `{ ${date}, operator: equals, value: "5" }`,
    "6  f › conditions[0].value: equals cannot compare eventHeader.createdDate with text.",
    { given: '"5"', allowed: "a whole number", fix: "Write the number without quotes or separators: 5." },
  ],
  [
    `{ ${date}, operator: equals, value: 5.5 }`,
    "6  f › conditions[0].value: eventHeader.createdDate is a whole number.",
    { given: "5.5", allowed: "a whole number" },
  ],
  [
    `{ ${date}, operator: equals, value: 9223372036854775808 }`,
    "6  f › conditions[0].value: This number is outside of -2^63 to 2^63 - 1, the range of eventHeader.createdDate.",
    { given: '"9223372036854775808"', allowed: "a whole number" },
  ],
  [
    `{ ${date}, operator: equals, value: 2026-01-01 }`,
    "6  f › conditions[0].value: equals cannot compare eventHeader.createdDate with text.",
    { given: '"2026-01-01"', allowed: "a whole number" },
  ],
  [
    `{ ${amount}, operator: greaterThan, value: abc }`,
    "6  f › conditions[0].value: greaterThan cannot compare eventBody.entities[].updatedAttributes['amount'] with text.",
    { given: '"abc"', allowed: "a number" },
  ],
  [
    `{ ${amount}, operator: lessThan, value: 1_000_000 }`,
    "6  f › conditions[0].value: lessThan cannot compare eventBody.entities[].updatedAttributes['amount'] with text.",
    { given: '"1_000_000"', allowed: "a number", fix: "Write the number without quotes or separators: 1000000." },
  ],
  [
    `{ ${amount}, operator: greaterThan, value: true }`,
    "6  f › conditions[0].value: greaterThan cannot compare eventBody.entities[].updatedAttributes['amount'] with true or false.",
    { given: "true", allowed: "a number" },
  ],
  [
    `{ ${amount}, operator: equals, value: 007 }`,
    "6  f › conditions[0].value: This number begins with 0.",
    {
      given: '"007"',
      allowed: "text or a number or true or false",
      fix: 'Put it into quotes to compare it as text: "007".',
    },
  ],
  [
    `{ ${amount}, operator: equals, value: 0x1F }`,
    "6  f › conditions[0].value: This number is not a decimal number with at most 28 digits before the point and 10 after it.",
    { given: '"0x1F"', allowed: "text or a number or true or false" },
  ],
  [
    `{ ${amount}, operator: equals, value: .inf }`,
    "6  f › conditions[0].value: This number is not a decimal number with at most 28 digits before the point and 10 after it.",
    { given: '".inf"', allowed: "text or a number or true or false" },
  ],
  [
    `{ ${amount}, operator: equals, value: 1e28 }`,
    "6  f › conditions[0].value: This number is not a decimal number with at most 28 digits before the point and 10 after it.",
    { given: '"1e28"', allowed: "text or a number or true or false" },
  ],
  [
    `{ ${amount}, operator: equals, value: 0.00000000001 }`,
    "6  f › conditions[0].value: This number is not a decimal number with at most 28 digits before the point and 10 after it.",
    { given: '"0.00000000001"', allowed: "text or a number or true or false" },
  ],
  [
    `{ ${amount}, operator: in, value: [] }`,
    "6  f › conditions[0].value: The list of in is empty: nothing would satisfy it.",
    { given: "[]", allowed: "a list of values: [a, b]" },
  ],
  [
    `{ ${amount}, operator: notIn, value: [] }`,
    "6  f › conditions[0].value: The list of notIn is empty: every value would satisfy it.",
    { given: "[]", allowed: "a list of values: [a, b]" },
  ],
  [
    `{ ${amount}, operator: in, value: gold }`,
    "6  f › conditions[0].value: in takes a list.",
    { given: '"gold"', allowed: "a list of values: [a, b]" },
  ],
  [
    `{ ${amount}, operator: in, value: [1, "1"] }`,
    "6  f › conditions[0].value: The values are of different types.",
    { given: '[1,"1"]', allowed: "values of one type" },
  ],
  [
    `{ ${amount}, operator: notIn, value: [a, null] }`,
    "6  f › conditions[0].value[1]: null cannot be compared with.",
    { given: "null", allowed: "text or a number or true or false", fix: "Leave it out: null never satisfies notIn." },
  ],
  [
    `{ ${amount}, operator: in, value: [[a]] }`,
    "6  f › conditions[0].value[0]: This must be a single value.",
    { given: '["a"]', allowed: "text or a number or true or false" },
  ],
  [
    `{ ${amount}, operator: between, value: [5, 1] }`,
    "6  f › conditions[0].value: The bounds of between are reversed: nothing would satisfy it.",
    { given: "[5,1]", fix: "Write the lower bound first: [1, 5]." },
  ],
  [
    `{ ${amount}, operator: between, value: [0.2, 0.1] }`,
    "6  f › conditions[0].value: The bounds of between are reversed: nothing would satisfy it.",
    { given: "[0.2,0.1]", fix: "Write the lower bound first: [0.1, 0.2]." },
  ],
  [
    `{ ${amount}, operator: between, value: [1] }`,
    "6  f › conditions[0].value: between takes two bounds, not 1.",
    { given: "[1]", allowed: "a list of two numbers, the lower first: [1, 10]" },
  ],
  [
    `{ ${amount}, operator: between, value: 1 }`,
    "6  f › conditions[0].value: between takes a list.",
    { given: "1", allowed: "a list of two numbers, the lower first: [1, 10]" },
  ],
  [
    `{ ${amount}, operator: between, value: [a, b] }`,
    "6  f › conditions[0].value[0]: between cannot compare eventBody.entities[].updatedAttributes['amount'] with text.",
    { given: '"a"', allowed: "a number" },
  ],
  [
    `{ ${amount}, operator: isNull, value: x }`,
    "6  f › conditions[0].value: isNull takes no value.",
    { given: '"x"', fix: "Remove the value." },
  ],
  [
    `{ ${amount}, operator: isNotNull, value: null }`,
    "6  f › conditions[0].value: isNotNull takes no value.",
    { given: "null", fix: "Remove the value." },
  ],
  [
    `{ ${name}, operator: matches, value: "(a" }`,
    "6  f › conditions[0].value: This regular expression cannot be used. A group is not closed: a ) is missing.",
    { given: '"(a"' },
  ],
  [
    `{ ${name}, operator: matches, value: "(?i)a" }`,
    "6  f › conditions[0].value: This regular expression cannot be used. An inline flag (?i…) is not supported.",
    { given: '"(?i)a"', fix: "Spell both cases out: [Gg]old." },
  ],
  [
    `{ ${name}, operator: matches, value: "" }`,
    "6  f › conditions[0].value: This regular expression cannot be used. The pattern is empty.",
    { given: '""', fix: "Use isNotNull to ask for any text." },
  ],
  [
    `{ ${name}, operator: equals, value: "\\uD800" }`,
    "6  f › conditions[0].value: This text holds half a character, a lone surrogate.",
    { given: '"\\ud800"', allowed: "text" },
  ],
  [
    "{ logic: XOR, conditions: [] }",
    "6  f › conditions[0].logic: There is no such logic.",
    { given: '"XOR"', allowed: "AND, OR", fix: "Did you mean OR?" },
  ],
  [
    "{ conditions: [] }",
    "6  f › conditions[0].conditions: The list of conditions is empty.",
    { fix: "Add a condition, or remove the group." },
  ],
  ["{ conditions: x }", "6  f › conditions[0].conditions: This must be a list of conditions.", { given: '"x"' }],
  ["{ logic: OR }", "6  f › conditions[0]: The key conditions is missing.", {}],
  ["x", "6  f › conditions[0]: This must be a mapping.", { given: '"x"', allowed: "field, operator, value" }],
  [
    `{ sameEntity: true, conditions: [{ ${name}, operator: isNull }] }`,
    "6  f › conditions[0].sameEntity: sameEntity: true stands on a group without any condition on the elements of a list.",
    { given: "true", fix: "Remove it." },
  ],
  [
    `{ sameEntity: yes, conditions: [{ ${amount}, operator: isNull }] }`,
    "6  f › conditions[0].sameEntity: sameEntity must be true or false.",
    { given: '"yes"', allowed: "true, false" },
  ],
  [
    `{ sameEntity: true, conditions: [{ ${amount}, operator: isNull }, { sameEntity: false, conditions: [{ ${amount}, operator: isNull }] }] }`,
    "6  f › conditions[0].conditions[1].sameEntity: A group inside a group with sameEntity: true cannot leave it.",
    { given: "false", fix: "Remove it here, or move this group out." },
  ],
  [
    `{ ${name}, operator: equals, value: !!str 5 }`,
    "6: Tags such as tag:yaml.org,2002:str are not supported in filters.",
    { fix: "Remove it." },
  ],
];

describe("wrong conditions", () => {
  test.each(conditions)("%s", (condition, head, rest) => {
    const expected = show(head, rest);
    expect(problemsOf(withCondition(condition)).split("\n")).toContain(expected.split("\n")[0]);
    expect(problemsOf(withCondition(condition))).toContain(expected);
  });
});

const good = (id: string, topic = "filtered-loan-events", more = ""): string =>
  `  - { id: ${id}, consumerId: c, outputTopic: ${topic}, ${more}conditions: [{ ${name}, operator: isNotNull }] }\n`;
const topics = "filtered-loan-events, filtered-service-events, filtered-car-events";
const filterKeys = "id, consumerId, description, outputTopic, enabled, sharesOutput, logic, sameEntity, conditions";

/** A whole file, and everything that is said about it. */
const files: readonly (readonly [string, string, readonly string[]])[] = [
  ["nothing", "", [show("1: The file must be a mapping with the key filters.", { given: "null" })]],
  ["a list", "- a\n", [show("1: The file must be a mapping with the key filters.", { given: '["a"]' })]],
  [
    "no filters",
    "filter: []\n",
    [
      show("1: This key is not known.", { given: '"filter"', allowed: "filters", fix: "Did you mean filters?" }),
      show("1: The key filters is missing.", {}),
    ],
  ],
  ["an empty list", "filters: []\n", [show("1  filters: The list of filters is empty.", {})]],
  ["no list", "filters: 5\n", [show("1  filters: This must be a list of filters.", { given: "5" })]],
  [
    "filters that are none",
    "filters:\n  - 5\n",
    [show("2  filters[0]: This must be a mapping.", { given: "5", allowed: filterKeys })],
  ],
  [
    "a filter without anything",
    "filters:\n  - {}\n",
    [
      show("2  filters[0]: The key id is missing.", {}),
      show("2  filters[0]: The key consumerId is missing.", {}),
      show("2  filters[0]: The key outputTopic is missing.", { allowed: topics }),
      show("2  filters[0]: The key conditions is missing.", {}),
    ],
  ],
  [
    "an unknown topic",
    `filters:\n${good("a", "filtered-lone-events")}`,
    [
      show("2  a › outputTopic: There is no such outputTopic.", {
        given: '"filtered-lone-events"',
        allowed: topics,
        fix: "Did you mean filtered-loan-events?",
      }),
    ],
  ],
  [
    "an unknown key",
    `filters:\n${good("a", undefined, "enable: true, ")}`,
    [show("2  a: This key is not known.", { given: '"enable"', allowed: filterKeys, fix: "Did you mean enabled?" })],
  ],
  [
    "enabled that is no boolean",
    `filters:\n${good("a", undefined, 'enabled: "false", ')}`,
    [show("2  a › enabled: enabled must be true or false.", { given: '"false"', allowed: "true, false" })],
  ],
  [
    "an id that is no name",
    `filters:\n${good('"a b"')}`,
    [
      show("2  a b › id: id cannot be used as a name.", {
        given: '"a b"',
        allowed: "1 to 100 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit",
      }),
    ],
  ],
  [
    "an id that is a number",
    `filters:\n${good("12")}`,
    [show("2  filters[0] › id: id must be text.", { given: "12", fix: 'Put it into quotes: "12".' })],
  ],
  [
    "one id twice",
    `filters:\n${good("a")}${good("a", "filtered-car-events")}`,
    [show("3  a: The filter of line 2 has the same id.", { given: '"a"', fix: "Give each filter an id of its own." })],
  ],
  [
    "one topic twice",
    `filters:\n${good("a")}${good("b")}`,
    [
      show("3  b: Several filters write one output topic: a, b.", {
        given: '"filtered-loan-events"',
        fix: "Give each its own outputTopic, or say sharesOutput: true on all of them (missing on a, b).",
      }),
    ],
  ],
  [
    "one topic twice, which one of them says",
    `filters:\n${good("a")}${good("b", undefined, "sharesOutput: true, ")}`,
    [
      show("2  a: Several filters write one output topic: a, b.", {
        given: '"filtered-loan-events"',
        fix: "Give each its own outputTopic, or say sharesOutput: true on all of them (missing on a).",
      }),
    ],
  ],
  [
    "one topic twice, which all of them say",
    `filters:\n${good("a", undefined, "sharesOutput: true, ")}${good("b", undefined, "sharesOutput: true, ")}`,
    [],
  ],
  ["one topic twice, but one disabled", `filters:\n${good("a")}${good("b", undefined, "enabled: false, ")}`, []],
  [
    "a key twice",
    "filters:\n  - id: a\n    id: b\n    consumerId: c\n    outputTopic: filtered-loan-events\n    conditions: [{ field: eventHeader.uuid, operator: isNull }]\n",
    [show("3: This key stands twice in one mapping.", {})],
  ],
  [
    "broken YAML",
    "filters:\n  - id: [a\n",
    [show("3: This is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ].", {})],
  ],
  ["a tab", "filters:\n\t- id: a\n", [show("2: This is no YAML: Tabs are not allowed as indentation.", {})]],
  [
    "two documents",
    "filters: []\n---\nfilters: []\n",
    [show("2: This is no YAML: Source contains multiple documents; please use YAML.parseAllDocuments().", {})],
  ],
  [
    "an alias",
    "filters: &a\n  - *a\n",
    [show("2: Aliases are not supported in filters.", { fix: "Write the value out." })],
  ],
];

describe("wrong files", () => {
  test.each(files)("%s", (_, text, expected) => {
    expect(problemsOf(text)).toBe(expected.join("\n"));
  });

  test("everything that is wrong comes at once, in the order of the file", () => {
    const text = `filters:\n  - id: a\n    consumerId: c\n    outputTopic: nowhere\n    conditions:\n      - { ${name}, operator: eq, value: 1 }\n      - logic: OR\n        conditions:\n          - { field: no, operator: between, value: [2, 1] }\n`;
    const lines = [...problemsOf(text).matchAll(/filters\.yaml:(\d+)/g)].map((match) => Number(match[1]));
    expect(lines).toEqual([4, 6, 9, 9]);
  });

  test("a schema without a bound for its list", () => {
    const unbounded = JSON.parse(JSON.stringify(schema).replace(/"maxItems":8,/, ""));
    const text = withCondition("{ field: 'eventBody.entities[].entityType', operator: isNull }");
    expect(problemsOf(text, unbounded)).toContain('The schema sets no "maxItems" for eventBody.entities.');
  });

  test("more values than Flink can plan", () => {
    const list = `[${Array.from({ length: 1000 }, (_, n) => n).join(", ")}]`;
    const member = `{ ${amount}, operator: in, value: ${list} }`;
    expect(problemsOf(withCondition(member))).toBe("");
    expect(problemsOf(withCondition(`{ conditions: [${member}, ${member}] }`))).toBe(
      show(
        "2  f: This filter compares with 16000 values, each counted for every element that a list may have; at most 10000 are allowed.",
        {
          fix: "Divide it into filters with sharesOutput: true.",
        },
      ),
    );
    expect(problemsOf(withCondition(member.replace("[0, ", "[1000, 0, ")))).toContain(
      "The list of in has 1001 values; at most 1000 are allowed.",
    );
  });

  test("groups nested too deeply, and YAML nested beyond any reading", () => {
    const leaf = `{ ${name}, operator: isNull }`;
    const nest = (depth: number): string => (depth === 0 ? leaf : `{ conditions: [${nest(depth - 1)}] }`);
    expect(problemsOf(withCondition(nest(49)))).toBe("");
    expect(problemsOf(withCondition(nest(50)))).toContain("Groups are nested more than 50 deep.");
    expect(problemsOf(`filters: ${"[".repeat(20_000)}`)).toContain(
      "filters.yaml:1: This is no YAML: it is nested too deeply.",
    );
  });
});
