import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../infra/plan/problems";
import { envelopeColumns, noChange } from "../../../infra/plan/shape/change-view";
import { changeSchemas } from "../../../infra/plan/shape/debezium-schema";
import {
  avroColumns,
  changeView,
  keyColumn,
  keyExpression,
  topicSink,
  topicSource,
} from "../../../infra/plan/shape/flink-tables";
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
  const source = topicSource({
    topic,
    format: "avro",
    columns: envelopeColumns(value),
    endpoints,
    clientProperties: { "security.protocol": "SASL_PLAINTEXT" },
    groupId: "to-events",
    unfit: noChange(shape),
  });
  expect([...source.statements, source.insert].join("\n\n")).toMatchSnapshot();
  expect(changeView({ table: shape, topic, database: "entities" }).sql).toMatchSnapshot();
});

const eventSchema = readFileSync(join(__dirname, "../../../schemas/business-events/business-event.avsc"), "utf8");
const common = { topic: "raw-business-events", format: "avro" as const, columns: avroColumns(eventSchema), endpoints };
const optionOf = (sql: string, name: string) =>
  new RegExp(`'${name.replaceAll(".", "\\.")}' = (.*?),?\n`).exec(sql)?.[1];

describe("a sink", () => {
  const sink = topicSink({
    ...common,
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
    const plain = topicSink({ ...common, valueSchema: eventSchema });
    expect(plain.columns).toEqual(common.columns);
    expect(plain.sql).not.toContain("key.");
  });
});

describe("a source", () => {
  const source = topicSource({ ...common, groupId: "it's" });
  const [records = "", view = "", deadLetter = ""] = source.statements;

  test("goes on where its group was", () => {
    expect(optionOf(records, "properties.group.id")).toBe("'it''s'");
    expect(optionOf(records, "properties.auto.offset.reset")).toBe("'earliest'");
    expect(records).toContain("'scan.startup.mode' = 'group-offsets'");
  });

  // Flink 2.3 plans `before.status IS NULL` as FALSE, and COALESCE(before.status, …) as before.status, when status is NOT NULL in a row that is null.
  test("lets every column be null, and what is inside of it; a record has to have what the schema has", () => {
    expect(source.columns.map(({ name }) => name)).toEqual(common.columns.map(({ name }) => name));
    for (const { type } of source.columns) expect(type).not.toContain("NOT NULL");
    const type = common.columns.map(({ name, type }) => `\`${name}\` ${type}`).join(", ");
    expect(optionOf(records, "value.lenient.type")).toBe(`'ROW<${type}>'`);
  });

  test("has the good records in a view of the topic's name, without what tells the others apart", () => {
    expect(view).toBe(
      [
        "CREATE TEMPORARY VIEW `raw-business-events` AS",
        "SELECT `eventHeader`, `eventBody`, `sourceMetadata`",
        "FROM `records of raw-business-events`",
        "WHERE `value.error` IS NULL",
      ].join("\n"),
    );
  });

  test("copies the others to the dead letter: key and value as bytes, its headers with reason and origin", () => {
    expect(optionOf(deadLetter, "topic")).toBe("'raw-business-events.dlq'");
    expect(optionOf(deadLetter, "key.format")).toBe("'raw'");
    expect(optionOf(deadLetter, "value.format")).toBe("'raw'");
    const headers = [...source.insert.matchAll(/^ {2}'([a-z-]+)', ENCODE/gm)].map(([, name]) => name);
    expect(headers).toEqual(["reason", "origin-topic", "origin-partition", "origin-offset", "origin-timestamp"]);
    expect(source.insert).toMatch(/WHERE `value.error` IS NOT NULL$/);
  });

  test("what can be read and not be used is in one of both, too, whatever is null in its condition", () => {
    const unfit = { condition: "`a` > 8", reason: "it's too many" };
    const { statements, insert } = topicSource({ ...common, groupId: "g", unfit });
    expect(statements[1]).toMatch(/WHERE `value.error` IS NULL AND NOT \(\(`a` > 8\) IS TRUE\)$/);
    expect(insert).toMatch(/WHERE `value.error` IS NOT NULL OR \(`a` > 8\) IS TRUE$/);
    expect(insert).toContain("COALESCE(`value.error`, 'it''s too many')");
  });
});

describe("a topic in JSON", () => {
  const columns = [{ name: "id", type: "STRING NOT NULL" }];
  const json = { topic: "orders", format: "json" as const, columns, endpoints };

  test("is read strictly, without the registry", () => {
    const { statements, columns } = topicSource({ ...json, groupId: "g" });
    expect(optionOf(statements[0] as string, "value.lenient.format")).toBe("'strict-json'");
    expect(optionOf(statements[0] as string, "value.lenient.type")).toBe("'ROW<`id` STRING NOT NULL>'");
    expect(statements[0]).not.toContain("registry");
    expect(columns).toEqual([{ name: "id", type: "STRING" }]);
  });

  test("is written as plain JSON", () => {
    const { sql } = topicSink({ ...json, valueSchema: "{}", key: { field: "id" } });
    expect(optionOf(sql, "value.format")).toBe("'json'");
    expect(sql).not.toContain("registry");
  });

  test("gives a job that judges records the record as it came, with the origin and without a reason", () => {
    const { statements, columns, deadLetter } = topicSource({ ...json, groupId: "g", withRecord: true });
    const names = ["value", "key", "headers", "partition", "offset", "timestamp"].map((name) => `record_${name}`);
    expect(columns.map(({ name }) => name)).toEqual(["id", ...names]);
    expect(statements[1]).toContain("'origin-offset'");
    expect(statements[1]).not.toContain("'reason'");
    expect(deadLetter.name).toBe("orders.dlq");
    // What of the record goes there goes in this order.
    expect(deadLetter.columns.map(({ name }) => `record_${name}`)).toEqual(names.slice(0, 3));
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
      { name: "op", type: "STRING" },
      { name: "event_id", type: "STRING" },
      { name: "committed_at", type: "BIGINT" },
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
