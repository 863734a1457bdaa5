/** Clocks that run true differ by less than this between two looks. */
const toleranceMs = 1000;

/**
 * Tells up to which time all rows of the source are visible: what its clock says, less `overlapMs`. Times of the source are epoch microseconds, ours are
 * monotonic milliseconds, so our own clock may be set as one likes.
 *
 * A clock that is set forward would take rows of transactions under way for settled: it is believed once they have had `overlapMs` to end. One that is
 * set back is believed at once: rows are then read again.
 */
export function createSourceClock(overlapMs: number): (now: number, at: number) => number {
  let trusted: { now: number; at: number } | undefined;
  let doubtedSince: number | undefined;
  return (now, at) => {
    const due = trusted && trusted.now + (at - trusted.at + toleranceMs) * 1000;
    if (due !== undefined && now > due) {
      doubtedSince ??= at;
      if (at - doubtedSince > overlapMs) trusted = undefined;
    } else trusted = undefined;
    if (!trusted) {
      trusted = { now, at };
      doubtedSince = undefined;
    }
    return trusted.now - overlapMs * 1000;
  };
}

/** Epoch microseconds as text: `2026-11-21T10:00:00.123456Z`. */
export function timeText(micros: number): string {
  const iso = new Date(Math.floor(micros / 1000)).toISOString();
  return `${iso.slice(0, -1)}${String(((micros % 1000) + 1000) % 1000).padStart(3, "0")}Z`;
}
