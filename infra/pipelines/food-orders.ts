import {
  app,
  avro,
  database,
  flinkJob,
  folder,
  jsonSchema,
  lake,
  lakeKeeper,
  pipeline,
  standIn,
  topic,
} from "../model";

/** Orders from a database that offers no log access: polled, validated, kept in a lake by day. */
const shop = database("food", { upstream: true });
const raw = topic("food_orders_raw", { schema: jsonSchema("food-orders/order", "BACKWARD"), key: "order_id" });

const orderLake = (name: string, schema: string) =>
  lake(name, { schema: avro(`food-orders/${schema}`, "BACKWARD"), key: "order_id", partitionBy: "date" });
const orders = orderLake("food-orders", "lake-order");
const rejected = orderLake("food-orders-rejected", "lake-rejected-order");

export const foodOrders = pipeline("food-orders", [
  standIn("order-simulator", { plays: shop, settings: { ordersPerSecond: 5 } }),
  app("order-poller", {
    reads: [shop.table("food_orders")],
    writes: [raw],
    settingsFile: "order-poller.yaml",
    folders: { stateFolder: folder("order-poller-cursor") },
  }),
  flinkJob("validate-orders", { reads: [raw], writes: [orders, rejected] }), // SUCCESS, FAILED
  lakeKeeper("order-lake-keeper", [orders, rejected]),
]);
