import { performance } from "node:perf_hooks";
import { advance, type Page, type Position, type Progress, type Row, unpublished } from "./progress";

export interface LookArgs {
  /** The page of rows behind `from`. */
  readonly read: (from: Position | undefined) => Promise<Page>;
  /** Resolves when Kafka has acknowledged all of them. */
  readonly publish: (rows: readonly Row[]) => Promise<void>;
  /** Resolves when the progress outlives the process. */
  readonly save: (progress: Progress) => Promise<void>;
  /** Begins no further page. */
  readonly signal: AbortSignal;
}

/** A save that takes no longer is made for each page. Where a very long memory is written as a whole, saving takes a tenth of the time at most. */
const quickSaveMs = 25;
const saveShare = 10;

/**
 * One look at the table: page by page to its end, each published and then saved, in this order. Killed between the two, what was published since is published
 * again: one page, unless saving is slow.
 * While a page is published the next one is read already.
 *
 * @throws what the arguments throw; progress is then as it was last saved
 */
export async function look(before: Progress, { read, publish, save, signal }: LookArgs): Promise<Progress> {
  let progress = before;
  let start = progress.from;
  let reading = read(start);
  let unsaved = false;
  let saveAfter = 0;
  for (;;) {
    const page = await reading;
    const next = page.rows.at(-1);
    if (page.full) {
      reading = read(next);
      // Should publishing fail first, nobody waits for it.
      reading.catch(() => undefined);
    }
    const news = unpublished(progress, page);
    if (news.length > 0) await publish(news);
    progress = advance(progress, start, page);
    unsaved ||= news.length > 0;
    const over = !page.full || signal.aborted;
    if (unsaved && (over || performance.now() >= saveAfter)) {
      const since = performance.now();
      await save(progress);
      unsaved = false;
      const took = performance.now() - since;
      saveAfter = took > quickSaveMs ? performance.now() + took * (saveShare - 1) : 0;
    }
    if (over) return progress;
    start = next;
  }
}
