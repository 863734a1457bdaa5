import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../../../apps/food-orders/order-poller/settings";

const file = "order-poller.yaml";
const given = readFileSync(join(__dirname, "../../../../apps/food-orders/order-poller", file), "utf8");

test("the file that comes with the app is right", () => {
  expect(readSettings(given, file)).toEqual({
    cursor: { time: "created_at", key: "order_id" },
    pollInterval: 5000,
    batchRows: 1000,
    overlap: 60_000,
    retry: { first: 250, longest: 30_000 },
  });
});

test("everything that is wrong is said at once, with what is allowed", () => {
  const wrong = given
    .replace("5 seconds", "soon")
    .replace("1000", "0")
    .replace("overlap", "overlapp")
    .replace("  key: order_id\n", "");
  const message = (() => {
    try {
      readSettings(wrong, file);
    } catch (error) {
      return (error as Error).message;
    }
  })();
  for (const part of [
    /pollInterval: It is wrong.\n +given +"soon"\n +allowed +a length of time from 50 ms to 1 day/,
    /batchRows: It is wrong.\n +given +0\n +allowed +a whole number from 1 to 10000/,
    /overlap: It is not set./,
    /overlapp: There is no such key.[\s\S]*Did you mean overlap\?/,
    /cursor.key: It is not set./,
  ])
    expect(message).toMatch(part);
});

test.each(["", "[", "a: 1\na: 2", "- 1"])("%j is refused", (text) => {
  expect(() => readSettings(text, file)).toThrow(/order-poller\.yaml/);
});
