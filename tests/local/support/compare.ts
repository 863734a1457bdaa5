import { eventually, query } from "./stack";
import { type Consumer, consumers, difference, expected, received } from "./truth";

/**
 * Stops the stand-in's changes, waits until nothing is missing in any consumer's table, and then holds source and sinks against each other: every
 * event exactly once where it belongs, none elsewhere.
 *
 * @returns how many events were compared
 */
export async function compareSourceAndSinks(since: string, limitMs = 90_000): Promise<number> {
  await quiet();
  let compared = 0;
  for (const consumer of consumers) {
    const wanted = await expected(consumer);
    const count = sum(wanted);
    await eventually(
      `${count} events in ${consumer}`,
      async () => sum(await received(consumer, since)) >= count || lost(consumer, since, count),
      limitMs,
    );
    expect(difference(wanted, await received(consumer, since))).toEqual([]);
    compared += count;
  }
  return compared;
}

async function lost(consumer: Consumer, since: string, count: number): Promise<never> {
  throw new Error(`${consumer} has ${sum(await received(consumer, since))} of ${count}`);
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0);

/** Nobody but us may change the source while it is compared: the stand-in's login is taken away, and given back by `goOn`. */
export async function quiet(): Promise<void> {
  await query("entities", 'ALTER ROLE "entities-simulator" NOLOGIN');
  await query(
    "entities",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'entities-simulator'",
  );
  await eventually("the stand-in has no transaction open", async () => {
    const open = await query("entities", "SELECT 1 FROM pg_stat_activity WHERE usename = 'entities-simulator'");
    return open.length === 0;
  });
}

export async function goOn(): Promise<void> {
  await query("entities", 'ALTER ROLE "entities-simulator" LOGIN');
}

/** Waits until the stand-in has made this many more changes. */
export async function changesAdded(count: number): Promise<void> {
  const counted = async () => Number((await query("entities", "SELECT count(*) AS n FROM audit.changes"))[0]?.n);
  const before = await counted();
  await eventually(`${count} more changes at the source`, async () => (await counted()) >= before + count);
}
