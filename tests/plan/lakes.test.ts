import { app, avro, jsonSchema, type Lake, lake, lakeKeeper, type Pipeline, pipeline } from "../../infra/model";
import { foodOrders } from "../../infra/pipelines/food-orders";
import { lakeColumns } from "../../infra/plan/shape/lake-columns";
import { copyProject, planOf, problemsOf, remove, temporaryFolder, write } from "./project";

const folder = temporaryFolder();
const project = copyProject(folder);

test("a lake that a job writes is a table of Parquet files beside the lake, which its keeper is told of", async () => {
  const plan = await planOf(project, [foodOrders]);
  const [orders] = plan.lakes;
  expect(orders).toMatchObject({
    url: "file:///lake/food-orders",
    incoming: "file:///lake/_incoming/food-orders",
    key: "order_id",
    partitionBy: "date",
    rowsPerFile: 200_000,
  });
  const table = plan.jobs[0]?.statements.find((statement) => statement.includes("TABLE `food-orders` "));
  expect(table).toMatchInlineSnapshot(`
"CREATE TEMPORARY TABLE \`food-orders\` (
  \`order_id\` BIGINT,
  \`customer_name\` STRING,
  \`restaurant_name\` STRING,
  \`item\` STRING,
  \`amount\` DECIMAL(12, 2),
  \`order_status\` STRING,
  \`created_at\` TIMESTAMP_LTZ(6),
  \`validation_status\` STRING,
  \`date\` STRING
) PARTITIONED BY (\`date\`) WITH (
  'connector' = 'filesystem',
  'path' = 'file:///lake/_incoming/food-orders',
  'format' = 'parquet',
  'parquet.utc-timezone' = 'true',
  'parquet.write.int64.timestamp' = 'true',
  'parquet.timestamp.time.unit' = 'micros'
)"
`);
  const keeper = plan.apps.find(({ name }) => name === "order-lake-keeper");
  expect(JSON.parse(keeper?.env.LAKES ?? "")).toEqual(plan.lakes);
  expect(plan.pipelines[0]?.lakes).toEqual(["food-orders", "food-orders-rejected"]);
  // Files are nobody's in Kafka.
  expect(plan.principals.find(({ name }) => name === "order-lake-keeper")?.kafka).toEqual([]);
  expect(JSON.stringify(plan.principals)).not.toContain('"food-orders"');
});

const good = { schema: avro("food-orders/lake-order", "BACKWARD"), key: "order_id", partitionBy: "date" } as const;
const withLakes = (written: readonly Lake[], kept: readonly Lake[][]): readonly Pipeline[] => [
  pipeline("one", [
    app("writer", { runs: "food-orders/order-simulator", writes: written }),
    ...kept.map((lakes, i) => lakeKeeper(`keeper-${i}`, lakes)),
  ]),
];
const said = async (written: readonly Lake[], kept: readonly Lake[][] = [[...written]]) =>
  (await problemsOf(project, withLakes(written, kept))).map(
    ({ path, message, fix }) => `${path}: ${message}${fix ? ` ${fix}` : ""}`,
  );

describe("what is wrong with a lake is told with its place", () => {
  const place = "one › writer › lake";
  test("nobody keeps it, or several do", async () => {
    const one = lake("one", good);
    expect(await said([one], [])).toEqual([
      `${place} one: Nobody keeps it: what jobs bring would never be seen. Add a lakeKeeper to the pipeline.`,
    ]);
    expect(await said([one], [[one], [one]])).toEqual([
      `${place} one: It has several keepers. Leave it to one of them.`,
    ]);
  });
  test("names, key, retention, size, all at once", async () => {
    const wrong = lake("No_lake", {
      ...good,
      key: "orderid",
      partitionBy: "item",
      retention: "days" as never,
      rowsPerFile: 3,
    });
    expect(await said([wrong])).toEqual([
      `${place} No_lake: This is no name of a lake.`,
      `${place} No_lake › rowsPerFile: These are too few rows.`,
      `${place} No_lake › retention: This is no length of time.`,
      `${place} No_lake › key: The schema has no such column. Did you mean order_id?`,
      `${place} No_lake › partitionBy: The schema has this column, too. Take it out of the schema: the folders say it.`,
    ]);
  });
  test("declared twice", async () => {
    expect(await said([lake("two", good)], [[lake("two", { ...good, key: "item" })]])).toEqual([
      "one › keeper-0 › lake two: Lake two is declared twice, and differently. Declare it once, and import it where it is used.",
    ]);
  });
  test("a schema that is none, or not in Avro", async () => {
    expect(await said([lake("none", { ...good, schema: avro("food-orders/no", "NONE") })])).toEqual([
      `${place} none › schema: The schema file schemas/food-orders/no.avsc does not exist. Write schemas/food-orders/no.avsc.`,
    ]);
    expect(await said([lake("json", { ...good, schema: jsonSchema("food-orders/order", "NONE") })])).toEqual([
      `${place} json › schema: A lake's schema is in Avro. Write it in Avro: avro(…).`,
    ]);
  });
});

test("columns have the types of both who writes and who merges; what has none is refused", () => {
  const field = (name: string, type: unknown) => ({ name, type });
  const fields = [
    field("a", "string"),
    field("b", ["null", { type: "bytes", logicalType: "decimal", precision: 9, scale: 3 }]),
    field("c", { type: "array", items: "long" }),
    field("d", { type: "int", logicalType: "date" }),
    field("e", { type: "long", logicalType: "timestamp-millis" }),
    field("f", ["int", "string"]),
    field("g", { type: "map", values: "int" }),
  ];
  const { columns, problems } = lakeColumns({ type: "record", name: "R", fields }, "r.avsc");
  expect(columns.map(({ name, flink, duckdb }) => `${name} ${flink} ${duckdb}`)).toEqual([
    "a STRING VARCHAR",
    "b DECIMAL(9, 3) DECIMAL(9, 3)",
    "c ARRAY<BIGINT> BIGINT[]",
    "d DATE DATE",
    "e TIMESTAMP_LTZ(3) TIMESTAMP WITH TIME ZONE",
  ]);
  expect(problems.map(({ path }) => path)).toEqual(["schema › f", "schema › g"]);
});

test("an app's file of settings is told to it, and checked with the pipelines by the app's own rules", async () => {
  const mine = copyProject(folder);
  const poller = (await planOf(mine, [foodOrders])).apps.find(({ name }) => name === "order-poller");
  expect(poller?.env.SETTINGS_YAML).toContain("pollInterval: 5 seconds");
  expect(poller?.folders).toEqual([{ variable: "STATE_FOLDER", name: "order-poller-cursor" }]);
  write(
    mine,
    "apps/food-orders/order-poller/settings.ts",
    "export const parseSettings = (text: string, file: string) => ({ problems: [{ file, message: text.slice(0, 5) }] });",
  );
  expect(await problemsOf(mine, [foodOrders])).toEqual([
    { file: "apps/food-orders/order-poller/order-poller.yaml", message: "# How" },
  ]);
  remove(mine, "apps/food-orders/order-poller/order-poller.yaml");
  expect((await problemsOf(mine, [foodOrders]))[0]).toMatchObject({
    path: "food-orders › order-poller",
    fix: "Write apps/food-orders/order-poller/order-poller.yaml.",
  });
});
