import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { BatchResult } from "./batch";

/** What the consumer counts: `events_*`. */
export function createEventMetrics(metrics: Registry) {
  const registers = [metrics];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const received = counter("events_received_total", "Records read from the topic");
  const stored = counter("events_stored_total", "Rows that were new");
  const repeated = counter("events_repeated_total", "Records whose event was stored before");
  const rejected = counter("events_rejected_total", "Records copied to the dead letter");
  const lag = new Gauge({
    name: "events_lag",
    help: "Records of the topic not yet stored, as of the last fetch",
    labelNames: ["partition"],
    registers,
  });
  const latency = new Histogram({
    name: "event_latency_seconds",
    help: "From the commit at the source to the row in this table",
    buckets: [0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 30],
    registers,
  });
  return {
    lag: (partition: number, records: number) => lag.set({ partition: String(partition) }, records),
    batch: (records: number, result: BatchResult) => {
      received.inc(records);
      stored.inc(result.inserted);
      repeated.inc(result.stored.length - result.inserted);
      rejected.inc(result.rejected);
      const now = Date.now();
      for (const row of result.stored) latency.observe((now - row.created_at) / 1000);
    },
  };
}
