import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compareTableAndLakes, counts, metric, openReader, type Reader, readiness } from "./support/orders";
import { eventually, processNamed, query, root } from "./support/stack";

/** Rows of a table without log access, in the lakes that readers see: each in exactly one of them, once, whatever is killed on the way. */
let reader: Reader;
beforeAll(async () => {
  reader = await openReader();
});
afterAll(() => reader.closeSync());

const addOrders = (count: number) =>
  query(
    "food",
    `INSERT INTO food_orders (customer_name, restaurant_name, item, amount, order_status)
     SELECT 'Test', 'Test', CASE WHEN i % 10 > 0 THEN 'Item ' || i END, i / 100.0, 'PLACED' FROM generate_series(1, $1) AS i`,
    [count],
  );

async function kill(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
  const { pid } = await processNamed(name);
  process.kill(pid as number, signal);
  return pid as number;
}
const isBack = (name: string, pid: number) =>
  eventually(`${name} runs again`, async () => {
    const now = await processNamed(name);
    return now.pid !== pid && now.state === "ready";
  });

test("the poller is killed between reading and publishing", async () => {
  // Nothing may be on its way to Kafka when that is halted: the poller would wait with it, and read nothing.
  const simulator = await kill("order-simulator", "SIGSTOP");
  await compareTableAndLakes(reader);
  const kafka = await kill("kafka", "SIGSTOP");
  try {
    const before = await metric("order-poller", "poller_rows_total");
    const read = await metric("order-poller", "poller_read_rows_total");
    await addOrders(500);
    await eventually(
      "the poller has read the rows",
      async () => (await metric("order-poller", "poller_read_rows_total")) >= read + 500,
    );
    expect(await metric("order-poller", "poller_rows_total")).toBeLessThan(before + 500);
    await kill("order-poller");
  } finally {
    process.kill(kafka, "SIGCONT");
    process.kill(simulator, "SIGCONT");
  }
  expect(await compareTableAndLakes(reader)).toBeGreaterThan(500);
});

test("the poller is killed between publishing and saving: what it then publishes again is in the lakes once", async () => {
  const obstacle = join(root, "data", "order-poller-cursor", "order-poller.json.new");
  const repeated = await metric("order-lake-keeper", "lake_repeated_rows_total");
  mkdirSync(obstacle, { recursive: true });
  try {
    await addOrders(300);
    await eventually("the cursor cannot be saved", async () => /save the cursor/.test(await readiness("order-poller")));
    await kill("order-poller");
  } finally {
    rmSync(obstacle, { recursive: true, force: true });
  }
  await compareTableAndLakes(reader);
  await eventually(
    "the keeper leaves out what it has",
    async () => (await metric("order-lake-keeper", "lake_repeated_rows_total")) > repeated,
  );
  await compareTableAndLakes(reader);
});

test("100 000 rows of one time, while Flink, Kafka, the keeper and the poller are killed: who reads sees each row once at any moment", async () => {
  let reading = true;
  let looks = 0;
  const wrong: string[] = [];
  const watching = (async () => {
    const own = await openReader();
    let before = 0;
    while (reading) {
      const { rows, keys } = await counts(own);
      looks++;
      if (rows !== keys) wrong.push(`${rows} rows of ${keys} keys`);
      if (rows < before) wrong.push(`${rows} rows after ${before}`);
      before = rows;
      // Not a wait for anything: others need the processor, too.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    own.closeSync();
  })().catch((error: Error) => wrong.push(error.message));
  try {
    const from = await metric("order-poller", "poller_rows_total");
    await addOrders(100_000);
    await eventually(
      "a part is published",
      async () => (await metric("order-poller", "poller_rows_total")) > from + 5000,
    );
    for (const victim of ["flink-taskmanager", "kafka", "order-lake-keeper", "order-poller"]) {
      const pid = await kill(victim);
      await isBack(victim, pid);
    }
    expect(await compareTableAndLakes(reader, 180_000)).toBeGreaterThan(100_000);
  } finally {
    reading = false;
    await watching;
  }
  expect(wrong).toEqual([]);
  expect(looks).toBeGreaterThan(5);
});
