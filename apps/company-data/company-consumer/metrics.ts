import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { BatchResult } from "./batch";

/** What the consumer counts: `changes_*`. */
export function createChangeMetrics(metrics: Registry) {
  const registers = [metrics];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const received = counter("changes_received_total", "Records read from the topic");
  const stored = counter("changes_stored_total", "Changes that were new");
  const repeated = counter("changes_repeated_total", "Records whose change was stored before");
  const rejected = counter("changes_rejected_total", "Records copied to the dead letter");
  const lag = new Gauge({
    name: "changes_lag",
    help: "Records of the topic not yet stored, as of the last fetch",
    labelNames: ["partition"],
    registers,
  });
  const compacted = new Histogram({
    name: "compaction_seconds",
    help: "To write the compacted file of a table",
    buckets: [0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers,
  });
  return {
    lag: (partition: number, records: number) => lag.set({ partition: String(partition) }, records),
    compacted: (seconds: number) => compacted.observe(seconds),
    batch: (records: number, result: BatchResult) => {
      received.inc(records);
      stored.inc(result.inserted);
      repeated.inc(result.stored.length - result.inserted);
      rejected.inc(result.rejected);
    },
  };
}
