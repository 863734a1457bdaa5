import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../infra/plan/problems";
import { avroColumns } from "../../../infra/plan/shape/flink-types";

const record = (type: unknown) => ({ type: "record", name: "R", namespace: "a.b", fields: [{ name: "f", type }] });
const typeOf = (type: unknown) => avroColumns(record(type))[0]?.type;
const fixed = (more: object = {}) => ({ type: "fixed", name: "Fx", size: 4, ...more });
const innerFields = [{ name: "s", type: "string" }];

// Each was held against Flink 2.3: it compares the columns with its own reading of the schema, and refuses a table that differs.
test.each<[unknown, string]>([
  ["boolean", "BOOLEAN NOT NULL"],
  ["int", "INT NOT NULL"],
  ["long", "BIGINT NOT NULL"],
  ["float", "FLOAT NOT NULL"],
  ["double", "DOUBLE NOT NULL"],
  ["bytes", "BYTES NOT NULL"],
  ["string", "STRING NOT NULL"],
  [["null", "int"], "INT"],
  [["int", "null"], "INT"],
  [["int"], "INT NOT NULL"],
  [{ type: "int", logicalType: "date" }, "DATE NOT NULL"],
  [{ type: "int", logicalType: "time-millis" }, "TIME(3) NOT NULL"],
  [["null", { type: "long", logicalType: "timestamp-millis" }], "TIMESTAMP(3)"],
  [{ type: "long", logicalType: "local-timestamp-millis" }, "BIGINT NOT NULL"],
  [{ type: "bytes", logicalType: "decimal", precision: 10, scale: 2 }, "DECIMAL(10, 2) NOT NULL"],
  [{ type: "bytes", logicalType: "decimal", precision: 10 }, "DECIMAL(10, 0) NOT NULL"],
  [fixed({ logicalType: "decimal", precision: 9, scale: 1 }), "DECIMAL(9, 1) NOT NULL"],
  [fixed(), "VARBINARY(4) NOT NULL"],
  [{ type: "enum", name: "E", symbols: ["A"] }, "STRING NOT NULL"],
  [{ type: "string", logicalType: "uuid", "connect.version": 1 }, "STRING NOT NULL"],
  [{ type: "array", items: ["null", "string"] }, "ARRAY<STRING> NOT NULL"],
  [
    { type: "map", values: { type: "array", items: "int" } },
    "MAP<STRING NOT NULL, ARRAY<INT NOT NULL> NOT NULL> NOT NULL",
  ],
  [["null", { type: "record", name: "I", fields: innerFields }], "ROW<`s` STRING NOT NULL>"],
])("%j is %s", (avro, flink) => {
  expect(typeOf(avro)).toBe(flink);
});

test("a named type is used again by its name, short within its namespace and full elsewhere", () => {
  const deep = {
    type: "record",
    name: "Deep",
    namespace: "other",
    fields: [
      { name: "x", type: "int" },
      { name: "y", type: ["null", fixed()] },
      { name: "z", type: "Fx" },
    ],
  };
  const columns = avroColumns({
    type: "record",
    name: "a.R",
    fields: [
      { name: "one", type: deep },
      { name: "two", type: ["null", "other.Deep"] },
      { name: "three", type: { type: "array", items: "other.Fx" } },
      { name: "four", type: { type: "enum", name: "E", symbols: ["A"] } },
      { name: "five", type: "E" },
      { name: "six", type: "a.E" },
    ],
  });
  const row = "ROW<`x` INT NOT NULL, `y` VARBINARY(4), `z` VARBINARY(4) NOT NULL>";
  expect(columns.map((column) => column.type)).toEqual([
    `${row} NOT NULL`,
    row,
    "ARRAY<VARBINARY(4) NOT NULL> NOT NULL",
    "STRING NOT NULL",
    "STRING NOT NULL",
    "STRING NOT NULL",
  ]);
});

test.each<[string, unknown, string]>([
  [
    "a union of several types",
    ["null", "int", "string"],
    "schema › f: Flink reads a union only when it is a type, or null and a type.",
  ],
  ["null alone", "null", "schema › f: There is no such type."],
  ["an unknown name", "Order", "schema › f: There is no such type."],
  [
    "microseconds",
    { type: "long", logicalType: "timestamp-micros" },
    "schema › f: Flink's format cannot keep microseconds",
  ],
  ["a record that contains itself", ["null", "R"], "schema › f: A record that contains itself has no type in Flink."],
])("%s is refused with its place", (_, avro, message) => {
  expect(() => typeOf(avro)).toThrow(UserError);
  expect(() => typeOf(avro)).toThrow(message);
});

test("text is read as well, and what is no record is refused", () => {
  expect(avroColumns(JSON.stringify(record("int")))).toEqual([{ name: "f", type: "INT NOT NULL" }]);
  expect(() => avroColumns({ type: "string" })).toThrow("A table is made of a record.");
});

test("the columns of a business event", () => {
  const text = readFileSync(join(__dirname, "../../../schemas/business-events/business-event.avsc"), "utf8");
  expect(avroColumns(text)).toEqual([
    {
      name: "eventHeader",
      type: "ROW<`uuid` STRING NOT NULL, `eventName` STRING NOT NULL, `createdDate` BIGINT NOT NULL, `savedDate` BIGINT NOT NULL, `eventType` STRING NOT NULL> NOT NULL",
    },
    {
      name: "eventBody",
      type: "ROW<`entities` ARRAY<ROW<`entityType` STRING NOT NULL, `entityId` STRING NOT NULL, `updatedAttributes` MAP<STRING NOT NULL, STRING> NOT NULL> NOT NULL> NOT NULL> NOT NULL",
    },
    {
      name: "sourceMetadata",
      type: "ROW<`table` STRING NOT NULL, `operation` STRING NOT NULL, `timestamp` BIGINT NOT NULL> NOT NULL",
    },
  ]);
});
