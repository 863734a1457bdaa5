import fc from "fast-check";
import { createSourceClock } from "../../../../apps/food-orders/order-poller/clock";
import { look } from "../../../../apps/food-orders/order-poller/look";
import { nothingYet, type Progress } from "../../../../apps/food-orders/order-poller/progress";
import { type MadeUpRow, pageOf } from "./source-in-memory";

const overlap = 10;
const signal = new AbortController().signal;

class Killed extends Error {}

/** A poller over a made-up table, with a clock that the test moves. What was saved outlives a kill. */
function poller(rows: readonly MadeUpRow[], batchRows: number) {
  const published: string[] = [];
  let saved: Progress = nothingYet();
  let progress: Progress = nothingYet();
  let clock = createSourceClock(overlap * 1000);
  const pages: number[] = [];
  return {
    published,
    pages,
    saved: () => saved,
    progress: () => progress,
    /** @param real seconds that have passed; `shown` is what the source's clock says of it */
    async look(real: number, shown = real, kill?: { readonly at: "publish" | "save"; readonly batch: number }) {
      const settledMicros = clock(shown * 1e6, real * 1000);
      const settled = settledMicros / 1e6;
      let batches = 0;
      try {
        progress = await look(progress, {
          signal,
          read: async (from) => {
            const page = pageOf(rows, from, { now: real, settled, keepFrom: settled - overlap, batchRows });
            pages.push(page.rows.length);
            return page;
          },
          publish: async (news) => {
            batches++;
            if (kill?.at === "publish" && batches === kill.batch) throw new Killed();
            published.push(...news.map(({ key }) => key));
          },
          save: async (next) => {
            if (kill?.at === "save" && batches === kill.batch) throw new Killed();
            saved = { ...next, recent: new Map(next.recent) };
          },
        });
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        progress = { ...saved, recent: new Map(saved.recent) };
        clock = createSourceClock(overlap * 1000);
      }
    },
  };
}

const sorted = (keys: Iterable<string>) => [...keys].sort();
const keysOf = (rows: readonly MadeUpRow[]) => sorted(rows.map(({ key }) => key));

const madeUpRows = fc
  .array(fc.record({ time: fc.integer({ min: 0, max: 60 }), delay: fc.integer({ min: 0, max: overlap }) }), {
    maxLength: 60,
  })
  .map((rows) =>
    rows.map(({ time, delay }, i): MadeUpRow => ({ time, visible: time + delay, key: String(i).padStart(3, "0") })),
  );
const looks = fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 12 }).map((times) => times.sort((a, b) => a - b));

test("each row is published once, however late within the overlap it turns up, and in whatever batches", async () => {
  await fc.assert(
    fc.asyncProperty(madeUpRows, looks, fc.integer({ min: 1, max: 7 }), async (rows, times, batchRows) => {
      const one = poller(rows, batchRows);
      for (const time of [...times, 100]) await one.look(time);
      expect(sorted(one.published)).toEqual(keysOf(rows));
    }),
  );
});

const kills = fc.record({
  at: fc.constantFrom("publish" as const, "save" as const),
  batch: fc.integer({ min: 1, max: 4 }),
});

test("killed before or behind a publication it loses nothing, and repeats only the batch that was not saved", async () => {
  const killed = fc.array(fc.tuple(fc.integer({ min: 0, max: 80 }), fc.option(kills, { nil: undefined })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(madeUpRows, killed, fc.integer({ min: 1, max: 7 }), async (rows, times, batchRows) => {
      const one = poller(rows, batchRows);
      for (const [time, kill] of times.sort(([a], [b]) => a - b)) await one.look(time, time, kill);
      await one.look(100);
      expect(sorted(new Set(one.published))).toEqual(keysOf(rows));
      const kinds = times.filter(([, kill]) => kill?.at === "save").length;
      expect(one.published.length - rows.length).toBeLessThanOrEqual(kinds * batchRows);
    }),
  );
});

test("a clock of the source that is set, forward or back by any length, makes it lose nothing", async () => {
  // Rows are stamped by the clock as it is set when they are written.
  const steps = fc.record({ when: fc.integer({ min: 10, max: 50 }), by: fc.integer({ min: -40, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(madeUpRows, steps, fc.integer({ min: 1, max: 7 }), async (made, step, batchRows) => {
      const shown = (real: number) => (real < step.when ? real : real + step.by);
      const rows = made.map((row) => ({ ...row, time: shown(row.time) }));
      const one = poller(rows, batchRows);
      for (let real = 0; real <= 120; real += 2) await one.look(real, shown(real));
      expect(sorted(new Set(one.published))).toEqual(keysOf(rows));
    }),
  );
});

test("a clock set back by no more than the overlap makes it repeat nothing", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({
    time: i < 30 ? i : i - 8,
    visible: i,
    key: String(i).padStart(3, "0"),
  }));
  const one = poller(rows, 5);
  for (let real = 0; real <= 80; real++) await one.look(real, real < 30 ? real : real - 8);
  expect(sorted(one.published)).toEqual(keysOf(rows));
});

test("killed while it reads again what is settled by now, it reads the rest of it again", async () => {
  const rows = [
    ...Array.from({ length: 20 }, (_, i) => ({ time: i, visible: i, key: String(i).padStart(3, "0") })),
    { time: 12, visible: 21, key: "late 1" },
    { time: 18, visible: 25, key: "late 2" },
  ];
  const one = poller(rows, 3);
  await one.look(20);
  await one.look(60, 60, { at: "publish", batch: 2 });
  await one.look(61);
  expect(sorted(one.published)).toEqual(keysOf(rows));
});

const many = (count: number, time: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => ({ time: time(i), visible: 0, key: String(i).padStart(6, "0") }));

test("a batch exactly at the limit is followed by one more look behind it, and no row is read twice", async () => {
  const one = poller(
    many(20, (i) => i),
    10,
  );
  await one.look(1000);
  expect(one.pages).toEqual([10, 10, 0]);
  expect(one.published).toHaveLength(20);
});

test("rows of one single time are told apart by their keys", async () => {
  const rows = many(2500, () => 5);
  const one = poller(rows, 1000);
  await one.look(1000);
  expect(one.pages).toEqual([1000, 1000, 500]);
  expect(one.published).toEqual(keysOf(rows));
});

test("a catch-up remembers none of what it has passed", async () => {
  const one = poller(
    many(3000, (i) => i / 10),
    100,
  );
  await one.look(10_000);
  expect(one.published).toHaveLength(3000);
  expect(one.saved().recent.size).toBe(0);
});

test("rows that go away at the source neither repeat nor hide others", async () => {
  const rows: MadeUpRow[] = many(30, (i) => i);
  const one = poller(rows, 10);
  await one.look(35);
  rows.splice(0, 25);
  await one.look(36);
  rows.splice(0, rows.length);
  await one.look(37);
  rows.push({ time: 38, visible: 38, key: "new" });
  await one.look(39);
  expect(one.published).toEqual([...keysOf(many(30, (i) => i)), "new"]);
});

test("what turns up later than the overlap promises is missed: the guarantee is not wider than it says", async () => {
  const rows = [
    { time: 20, visible: 20, key: "a" },
    { time: 5, visible: 30, key: "late" },
    { time: 31, visible: 31, key: "b" },
  ];
  const one = poller(rows, 10);
  for (const real of [20, 25, 29, 32]) await one.look(real);
  expect(one.published).toEqual(["a", "b"]);
});

test("where saving is slow, pages are not saved one by one, and the last one is", async () => {
  const rows = many(40, (i) => i);
  let saves = 0;
  let saved: Progress = nothingYet();
  await look(nothingYet(), {
    signal,
    read: async (from) => pageOf(rows, from, { now: 100, settled: 90, keepFrom: 80, batchRows: 4 }),
    publish: async () => undefined,
    save: async (progress) => {
      saves++;
      saved = progress;
      const until = performance.now() + 40;
      while (performance.now() < until);
    },
  });
  expect(saves).toBe(2);
  expect(saved.cursor?.key).toBe("000039");
});
