import { Counter, Gauge, type Registry } from "prom-client";
import type { Progress, Row } from "./progress";

/** What the poller counts: `poller_*`. */
export function createPollerMetrics(metrics: Registry) {
  const registers = [metrics];
  const read = new Counter({
    name: "poller_read_rows_total",
    help: "Rows read, again and again those of the overlap",
    registers,
  });
  const rows = new Counter({ name: "poller_rows_total", help: "Rows that Kafka has acknowledged", registers });
  const late = new Counter({
    name: "poller_late_rows_total",
    help: "Of these, rows that turned up behind the cursor",
    registers,
  });
  const looks = new Counter({
    name: "poller_looks_total",
    help: "Times that the table was read to its end",
    registers,
  });
  const cursor = new Gauge({
    name: "poller_cursor_timestamp_seconds",
    help: "Time of the last row published, by the source",
    registers,
  });
  const recent = new Gauge({ name: "poller_recent_rows", help: "Published rows that are remembered", registers });
  return {
    published: (news: readonly Row[], before: Progress) => {
      rows.inc(news.length);
      late.inc(news.filter(({ time }) => before.cursor && time < before.cursor.time).length);
    },
    read: (count: number) => read.inc(count),
    looked: () => looks.inc(),
    progress: (progress: Progress) => {
      const at = Date.parse(progress.cursor?.time ?? "");
      if (!Number.isNaN(at)) cursor.set(at / 1000);
      recent.set(progress.recent.size);
    },
  };
}
