import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Merged } from "./merge";

/** What the keeper counts: `lake_*`. */
export function createLakeMetrics(metrics: Registry) {
  const registers = [metrics];
  const labelNames = ["lake"];
  const rows = new Counter({ name: "lake_rows_total", help: "Rows added", labelNames, registers });
  const repeated = new Counter({
    name: "lake_repeated_rows_total",
    help: "Rows left out, as the lake had their key",
    labelNames,
    registers,
  });
  const unreadable = new Counter({
    name: "lake_unreadable_files_total",
    help: "Files set aside, as they are no Parquet",
    labelNames,
    registers,
  });
  const waiting = new Gauge({
    name: "lake_incoming_files",
    help: "Files that jobs have completed, and readers do not see yet",
    labelNames,
    registers,
  });
  const seconds = new Histogram({
    name: "lake_merge_seconds",
    help: "From the look at what came in until readers see it",
    labelNames,
    buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers,
  });
  return {
    waiting: (lake: string, files: number) => waiting.set({ lake }, files),
    unreadable: (lake: string) => unreadable.inc({ lake }),
    merged: (lake: string, merged: Merged, took: number) => {
      rows.inc({ lake }, merged.rows);
      repeated.inc({ lake }, merged.repeated);
      seconds.observe({ lake }, took);
    },
  };
}
