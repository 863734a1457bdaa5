import fc from "fast-check";
import { type BatchArgs, storeBatch } from "../../../../apps/business-events/consumer/batch";
import type { EventRow } from "../../../../apps/business-events/consumer/events";
import { BadRecord } from "../../../../apps/lib/errors";
import { sampleEvent, sampleMessage } from "./support";

/** What stands in for the registry, the table and the dead letter: records are numbers, some of them bad. */
function world({ undecodable = new Set<number>(), refused = new Set<number>(), known = new Set<number>() } = {}) {
  const table = new Set([...known].map((number) => sampleEvent(number).eventHeader.uuid));
  const statements: number[] = [];
  const rejected: { offset: string; reason: string }[] = [];
  const args: BatchArgs = {
    decode: async (value) => {
      const number = Number(value);
      if (undecodable.has(number)) throw new BadRecord("no Avro");
      return sampleEvent(number);
    },
    store: async (rows) => {
      statements.push(rows.length);
      if (rows.some((row) => refused.has(numberOf(row)))) throw Object.assign(new Error("NUL"), { code: "22021" });
      const before = table.size;
      for (const row of rows) table.add(row.uuid);
      return table.size - before;
    },
    reject: async (message, reason) => void rejected.push({ offset: message.offset, reason }),
  };
  return { args, table, statements, rejected };
}
const numberOf = (row: EventRow) => Number(row.uuid.slice(-12));
const messages = (count: number) => Array.from({ length: count }, (_, offset) => sampleMessage(offset));

test("good records are stored with one statement", async () => {
  const { args, statements, rejected } = world({ known: new Set([3]) });
  const result = await storeBatch(messages(5), args);
  expect(result.stored.map(numberOf)).toEqual([0, 1, 2, 3, 4]);
  expect([result.inserted, result.rejected, statements, rejected]).toEqual([4, 0, [5], []]);
});

test("nothing is asked of the table when nothing is good", async () => {
  const { args, statements } = world({ undecodable: new Set([0]) });
  expect(await storeBatch(messages(1), args)).toEqual({ stored: [], inserted: 0, rejected: 1 });
  expect(statements).toEqual([]);
});

test("any mix of bad records: each bad one goes to the dead letter, alone, and every other one is stored", async () => {
  const numbers = fc.array(fc.nat(39), { maxLength: 12 }).map((list) => new Set(list));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 40 }), numbers, numbers, async (count, undecodable, refused) => {
      const { args, table, rejected } = world({ undecodable, refused });
      const result = await storeBatch(messages(count), args);
      const all = Array.from({ length: count }, (_, number) => number);
      const bad = all.filter((number) => undecodable.has(number) || refused.has(number));
      expect(rejected.map(({ offset }) => Number(offset)).sort((a, b) => a - b)).toEqual(bad);
      expect(result.stored.map(numberOf)).toEqual(all.filter((number) => !bad.includes(number)));
      expect([result.rejected, result.inserted]).toEqual([bad.length, table.size]);
    }),
  );
});

test("one refused row in 1000 costs about twenty statements", async () => {
  const { args, statements, rejected } = world({ refused: new Set([700]) });
  expect((await storeBatch(messages(1000), args)).stored).toHaveLength(999);
  expect(rejected).toEqual([{ offset: "700", reason: "Postgres refuses it: NUL" }]);
  expect(statements.length).toBeLessThan(25);
});

test.each(["decode", "store", "reject"] as const)(
  "when %s fails for another reason, that is thrown, and nothing is rejected for it",
  async (step) => {
    const { args, rejected } = world({ undecodable: new Set([1]) });
    const away = Object.assign(new Error("away"), { code: "ECONNREFUSED" });
    await expect(storeBatch(messages(3), { ...args, [step]: () => Promise.reject(away) })).rejects.toBe(away);
    expect(rejected.filter(({ offset }) => offset !== "1")).toEqual([]);
  },
);
