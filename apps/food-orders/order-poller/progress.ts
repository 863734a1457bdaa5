/**
 * How far the poller has come. Times are the source's, as text in UTC with microseconds, so that text compares as time: `2026-11-21T10:00:00.123456Z`.
 *
 * Behind `from` every row has been published, and none turns up there any more, as far as `overlap` promises. Beyond it the table is read again at each look:
 * rows may turn up in between, and `recent` tells which ones are no news.
 */
export interface Progress {
  /** Undefined: before the first row. */
  readonly from: Position | undefined;
  /** Published rows that may be read again: key → time. One map through all progress, as it may hold very many. */
  readonly recent: Map<string, string>;
  /** Of all published rows the last, in the order of time and key. */
  readonly cursor: Required<Position> | undefined;
}

/** A place in the order of time and key. Without a key it stands before all rows of its time. */
export interface Position {
  readonly time: string;
  readonly key?: string;
}

export interface Row extends Required<Position> {
  /** As it is published: JSON. */
  readonly value: string;
}

export interface Page {
  /** In the order of time and key, from where it was asked for. */
  readonly rows: readonly Row[];
  /** As many rows as were asked for: there may be more. */
  readonly full: boolean;
  /** Rows of earlier times were all visible when this page was read. */
  readonly settled: string;
  /** Rows published since then are remembered, should the source's clock be set back: not after `settled`. */
  readonly keepFrom: string;
}

export const nothingYet = (): Progress => ({ from: undefined, recent: new Map(), cursor: undefined });

export const unpublished = ({ recent }: Progress, { rows }: Page): Row[] => rows.filter(({ key }) => !recent.has(key));

/** The progress once a page that was read from `start` is published. Takes over `recent`. */
export function advance(progress: Progress, start: Position | undefined, page: Page): Progress {
  const { settled, keepFrom } = page;
  const last = page.rows.at(-1);
  const cursor = last && !(progress.cursor && progress.cursor.time > last.time) ? last : progress.cursor;
  // Beyond a page that is not full there is nothing: all that was published lies behind it.
  const reached = page.full ? last : (cursor ?? start);
  const from = reached && reached.time >= settled ? { time: settled } : reached;
  const { recent } = progress;
  // What lies behind `from` is not read again, unless the clock is set back.
  const passed = from?.key !== undefined;
  for (const { key, time } of page.rows) {
    if (passed && time < keepFrom) recent.delete(key);
    else recent.set(key, time);
  }
  const keep = from && from.time < keepFrom ? from.time : keepFrom;
  // It is nearly in the order of time: rows that came late go a little later.
  for (const [key, time] of recent) {
    if (time >= keep) break;
    recent.delete(key);
  }
  return { from, recent, cursor: cursor && { time: cursor.time, key: cursor.key } };
}
