import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../infra/plan/problems";
import { changeSchemas } from "../../../infra/plan/shape/debezium-schema";
import { avroColumns, changeView, kafkaTable, keyColumn, keyExpression } from "../../../infra/plan/shape/flink-tables";
import type { TableShape } from "../../../infra/plan/types";

const endpoints = { kafka: "127.0.0.1:17092", registry: "http://127.0.0.1:17081" };
const column = (name: string, type: string, nullable = false) => ({ name, type, nullable, hasDefault: false });
const table = (name: string, ...columns: TableShape["columns"]): TableShape => ({
  name,
  columns,
  primaryKey: [columns[0]?.name as string],
  replicaIdentityFull: true,
});
const text = "text";
const instant = "timestamp with time zone";

const entities = [
  table(
    "car_entities",
    column("car_id", text),
    column("price", "numeric(14,2)"),
    column("owner_id", text, true),
    column("updated_at", instant),
  ),
  table(
    "loan_entities",
    column("loan_id", text),
    column("loan_amount", "numeric(14,2)"),
    column("term_months", "integer"),
    column("is_open", "boolean"),
  ),
  table(
    "service_record",
    column("service_id", text),
    column("odometer_km", "bigint", true),
    column("scheduled_on", "date"),
    column("completed_at", instant, true),
  ),
];

test.each(entities.map((shape) => [shape.name, shape] as const))("the tables and views of %s", (name, shape) => {
  const topic = `entities.public.${name}`;
  const { value } = changeSchemas({ capture: "entities", database: "entities", table: shape });
  const source = kafkaTable({
    mode: "source",
    name: topic,
    topic,
    columns: avroColumns(value),
    endpoints,
    clientProperties: { "security.protocol": "SASL_PLAINTEXT" },
    groupId: "to-events",
    metadata: { partition: true, offset: true, timestamp: true },
  });
  expect(source.sql).toMatchSnapshot();
  expect(changeView({ table: shape, topic, database: "entities" }).sql).toMatchSnapshot();
});

const eventSchema = readFileSync(join(__dirname, "../../../schemas/business-events/business-event.avsc"), "utf8");
const common = { name: "events", topic: "raw-business-events", columns: avroColumns(eventSchema), endpoints };
const optionOf = (sql: string, name: string) =>
  new RegExp(`'${name.replaceAll(".", "\\.")}' = (.*?),?\n`).exec(sql)?.[1];

describe("a sink", () => {
  const sink = kafkaTable({
    ...common,
    mode: "sink",
    valueSchema: eventSchema,
    key: { field: "eventBody.entities[0].entityId" },
  });

  test("has the key as a column of its own, last, which is not a part of the value", () => {
    expect(sink.columns.map(({ name }) => name)).toEqual([
      "eventHeader",
      "eventBody",
      "sourceMetadata",
      "key_entity_id",
    ]);
    expect(optionOf(sink.sql, "key.fields")).toBe("'key_entity_id'");
    expect(optionOf(sink.sql, "key.format")).toBe("'raw'");
    expect(optionOf(sink.sql, "value.fields-include")).toBe("'EXCEPT_KEY'");
  });

  test("writes with the declared schema of the subject", () => {
    expect(optionOf(sink.sql, "value.avro-confluent.subject")).toBe("'raw-business-events-value'");
    // Read back: the text of a schema is in the option to the letter, whatever is in its docs.
    const [, quoted = ""] = /'value\.avro-confluent\.schema' = U&'((?:[^']|'')*)'/.exec(sink.sql) ?? [];
    expect(
      quoted
        .replaceAll("''", "'")
        .replace(/\\(\\|[0-9a-f]{4})/g, (_, code) =>
          code === "\\" ? code : String.fromCharCode(Number.parseInt(code, 16)),
        ),
    ).toBe(eventSchema);
  });

  test("keeps the types that the schema has", () => {
    expect(sink.columns.slice(0, 3)).toEqual(common.columns);
    expect(optionOf(sink.sql, "sink.delivery-guarantee")).toBe("'at-least-once'");
  });

  test("without a key has no column for it", () => {
    const plain = kafkaTable({ ...common, mode: "sink", valueSchema: eventSchema });
    expect(plain.columns).toEqual(common.columns);
    expect(plain.sql).not.toContain("key.");
  });
});

test("a dead letter has headers, and may write under another subject", () => {
  const { sql, columns } = kafkaTable({
    ...common,
    topic: "raw.dlq",
    mode: "dead letter",
    valueSchema: eventSchema,
    subject: "raw-business-events-value",
  });
  expect(columns.at(-1)).toEqual({ name: "headers", type: "MAP<STRING NOT NULL, BYTES>" });
  expect(sql).toContain("`headers` MAP<STRING NOT NULL, BYTES> METADATA");
  expect(optionOf(sql, "value.avro-confluent.subject")).toBe("'raw-business-events-value'");
  expect(sql).not.toContain("'key.");
});

describe("a source", () => {
  test("goes on where its group was, and has no metadata that was not asked for", () => {
    const { sql, columns } = kafkaTable({ ...common, mode: "source", groupId: "it's" });
    expect(optionOf(sql, "properties.group.id")).toBe("'it''s'");
    expect(optionOf(sql, "properties.auto.offset.reset")).toBe("'earliest'");
    expect(sql).toContain("'scan.startup.mode' = 'group-offsets'");
    expect(columns.map(({ name }) => name)).toEqual(["eventHeader", "eventBody", "sourceMetadata"]);
  });

  // Flink 2.3 plans `before.status IS NULL` as FALSE, and COALESCE(before.status, …) as before.status, when status is NOT NULL in a row that is null.
  test("lets everything inside of its columns be null", () => {
    const { columns } = kafkaTable({ ...common, mode: "source" });
    for (const { type } of columns) expect(type.replace(/ NOT NULL$/, "")).not.toContain("NOT NULL");
    expect(columns[0]?.type).toMatch(/ NOT NULL$/);
  });

  test("that reads with a declared schema keeps its types", () => {
    expect(kafkaTable({ ...common, mode: "source", valueSchema: eventSchema }).columns).toEqual(common.columns);
  });
});

test.each([
  ["eventBody.entities[0].entityId", "key_entity_id", "`eventBody`.`entities`[1].`entityId`"],
  ["id", "key_id", "`id`"],
  ["a.rows[2][0]", "key_rows", "`a`.`rows`[3][1]"],
])("the key %s", (path, name, expression) => {
  expect(keyColumn(path)).toBe(name);
  expect(keyExpression(path)).toBe(expression);
});

describe("changeView", () => {
  const viewOf = (shape: TableShape) => changeView({ table: shape, topic: "t", database: "d" });

  test("tells its columns in order", () => {
    const { name, columns } = viewOf(entities[2] as TableShape);
    expect(name).toBe("service_record_changes");
    const row =
      "ROW<`service_id` STRING NOT NULL, `odometer_km` BIGINT, `scheduled_on` DATE NOT NULL, `completed_at` STRING>";
    expect(columns).toEqual([
      { name: "op", type: "STRING NOT NULL" },
      { name: "event_id", type: "STRING" },
      { name: "committed_at", type: "BIGINT NOT NULL" },
      { name: "captured_at", type: "BIGINT" },
      { name: "changed", type: "MAP<STRING, STRING>" },
      { name: "before", type: row },
      { name: "after", type: row },
      { name: "service_id", type: "STRING" },
      { name: "odometer_km", type: "BIGINT" },
      { name: "scheduled_on", type: "DATE" },
      { name: "completed_at", type: "STRING" },
    ]);
  });

  test("a column named like one of the view's own is left to before and after", () => {
    const { columns, sql } = viewOf(table("t", column("id", text), column("committed_at", instant)));
    expect(columns.map(({ name }) => name).filter((name) => name === "committed_at")).toHaveLength(1);
    expect(sql).toContain("'committedAt'");
  });

  test("two columns that would be one attribute are refused", () => {
    const view = () => viewOf(table("t", column("id", text), column("a_b", text), column("aB", text)));
    expect(view).toThrow(UserError);
    expect(view).toThrow("The columns a_b and aB would both be the attribute aB.");
  });

  test("every column of the primary key is a part of the event's id", () => {
    const shape = {
      ...table("t", column("b", "integer"), column("a", text), column("c", text)),
      primaryKey: ["a", "b"],
    };
    const line = viewOf(shape)
      .sql.split("\n")
      .find((candidate) => candidate.includes("`event_id`"));
    expect(line).toContain("`before`.`b`");
    expect(line).toContain("`before`.`a`");
    expect(line).not.toContain("`c`");
  });
});
