import { timeText } from "../../../../apps/food-orders/order-poller/clock";
import type { Page, Position, Row } from "../../../../apps/food-orders/order-poller/progress";

/** A row of a made-up table: its time, when it becomes visible, both in seconds, and its key. */
export interface MadeUpRow {
  readonly time: number;
  readonly visible: number;
  readonly key: string;
}

const text = (seconds: number) => timeText(1_700_000_000_000_000 + Math.round(seconds * 1_000_000));

/** The first rows behind `from` that are visible at `now`, as Postgres would answer. Keys are in the order of their text. */
export function pageOf(
  rows: readonly MadeUpRow[],
  from: Position | undefined,
  args: { now: number; settled: number; keepFrom: number; batchRows: number },
): Page {
  const behind = (row: Row) =>
    !from ||
    (from.key === undefined
      ? row.time >= from.time
      : row.time > from.time || (row.time === from.time && row.key > from.key));
  const visible = rows
    .filter((row) => row.visible <= args.now)
    .map(({ time, key }): Row => ({ time: text(time), key, value: key }))
    .filter(behind)
    .sort((a, b) => (a.time === b.time ? (a.key < b.key ? -1 : 1) : a.time < b.time ? -1 : 1))
    .slice(0, args.batchRows);
  return {
    rows: visible,
    full: visible.length === args.batchRows,
    settled: text(args.settled),
    keepFrom: text(args.keepFrom),
  };
}
