import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nothingYet, type Progress } from "../../../../apps/food-orders/order-poller/progress";
import { readProgress, saveProgress, stateFile } from "../../../../apps/food-orders/order-poller/state-file";

const folder = mkdtempSync(join(tmpdir(), "millrace-cursor-"));
const file = stateFile(join(folder, "state"));
const subject = { table: "food_orders", topic: "food_orders_raw" };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const time = "2026-11-21T10:00:00.123456Z";
const progress: Progress = {
  from: { time: "2026-11-21T09:59:00.000000Z" },
  recent: new Map([
    ["17", time],
    ["a|b\n", time],
  ]),
  cursor: { time, key: "a|b\n" },
};

test("what was saved is read back, also keys with odd characters", async () => {
  expect(readProgress(file, subject)).toEqual(nothingYet());
  await saveProgress(file, subject, progress);
  expect(readProgress(file, subject)).toEqual(progress);
  expect(JSON.parse(readFileSync(file, "utf8")).cursor).toBe(`${time}|a|b\n`);
  await saveProgress(file, subject, { ...nothingYet(), from: { time, key: "1" } });
  expect(readProgress(file, subject).from).toEqual({ time, key: "1" });
  expect(readdirSync(join(folder, "state"))).toEqual(["order-poller.json"]);
});

test("a save that was cut off leaves the one before", async () => {
  await saveProgress(file, subject, progress);
  writeFileSync(`${file}.new`, readFileSync(file, "utf8").slice(0, 40));
  expect(readProgress(file, subject)).toEqual(progress);
});

describe("a file that cannot be used is refused, with what to do", () => {
  const whole = async () => {
    await saveProgress(file, subject, progress);
    return readFileSync(file, "utf8");
  };
  const refused = (why: RegExp) => {
    expect(() => readProgress(file, subject)).toThrow(why);
    expect(() => readProgress(file, subject)).toThrow(/order-poller\.json[\s\S]*fix +Put a copy of it back/);
  };

  test.each([0, 1, 30, -1])("cut off at %i", async (at) => {
    writeFileSync(file, (await whole()).slice(0, at));
    refused(/It is no JSON/);
  });
  test("one character changed", async () => {
    writeFileSync(file, (await whole()).replace("10:00:00", "11:00:00"));
    refused(/check sum differs/);
  });
  test("of another table", async () => {
    await saveProgress(file, { ...subject, table: "orders" }, progress);
    refused(/It is of the table orders, not of food_orders/);
  });
  test("a folder in its place", () => {
    rmSync(file);
    mkdirSync(file);
    refused(/It cannot be read/);
    rmSync(file, { recursive: true });
  });
});
