import fc from "fast-check";
import { formatMoney, parseMoney } from "../../../../apps/business-events/entities-simulator/money";
import {
  type Change,
  emptyWorld,
  finishedMost,
  nextTransaction,
  openMost,
} from "../../../../apps/business-events/entities-simulator/world";
import { seeded } from "../../../../apps/lib/random";

function transactions(seed: number, count: number, most?: number): Change[][] {
  const world = emptyWorld();
  const random = seeded(seed);
  return Array.from({ length: count }, () => nextTransaction(world, random, most));
}

test("the same seed makes the same changes, another seed others", () => {
  expect(transactions(7, 500)).toEqual(transactions(7, 500));
  expect(transactions(7, 50)).not.toEqual(transactions(8, 50));
});

test("what one sees: inserts, updates and deletes of every table, some transactions with several rows", () => {
  const all = transactions(1, 3000);
  const kinds = new Set(
    all.flat().map(({ sql }) =>
      sql
        .split(/\s+/)
        .slice(0, 3)
        .join(" ")
        .replace(/ (SET|\()$/, ""),
    ),
  );
  for (const table of ["car_entities", "loan_entities", "service_record"]) {
    expect(kinds).toContain(`INSERT INTO ${table}`);
    expect(kinds).toContain(`UPDATE ${table}`);
    expect(kinds).toContain(`DELETE FROM ${table}`);
  }
  const sizes = all.map(({ length }) => length);
  expect(Math.max(...sizes)).toBe(3);
  expect(sizes.filter((size) => size > 1).length).toBeGreaterThan(100);
  const deletes = all.flat().filter(({ sql }) => sql.startsWith("DELETE")).length;
  expect(deletes).toBeGreaterThan(50);
  expect(deletes).toBeLessThan(all.flat().length / 3);
});

test("what is open, and what is done with, stays bounded however long it runs", () => {
  const world = emptyWorld();
  const random = seeded(3);
  for (let i = 0; i < 50_000; i++) {
    nextTransaction(world, random);
    const { cars, loans, services, finished } = world;
    if (Math.max(cars.length, loans.length, services.length) > openMost) throw new Error(`too many open after ${i}`);
    if (finished.length > finishedMost + 3) throw new Error(`too many done with after ${i}`);
  }
});

test("with room for a single row it changes a single row", () => {
  for (const most of [1, 2]) expect(transactions(5, 1, most)[0]).toHaveLength(1);
});

test("every value is a parameter", () => {
  for (const { sql, values } of transactions(1, 2000).flat()) {
    expect(sql).not.toMatch(/\d{3,}/);
    for (let i = 1; i <= values.length; i++) expect(sql).toContain(`$${i}`);
  }
});

test("money survives as text, exact", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 14n }), (paise) => {
      expect(formatMoney(paise)).toMatch(/^\d+\.\d{2}$/);
      expect(parseMoney(formatMoney(paise))).toBe(paise);
    }),
  );
});
