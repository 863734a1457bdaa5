import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { UploadResult } from "./upload";

/** What the API counts: `uploads_*`. */
export function createIngestMetrics(metrics: Registry) {
  const registers = [metrics];
  const uploads = new Counter({
    name: "uploads_total",
    help: "Uploads by outcome",
    labelNames: ["outcome"],
    registers,
  });
  const changes = new Counter({ name: "uploads_changes_total", help: "Changes published", registers });
  const rows = new Counter({ name: "uploads_rows_total", help: "Rows of files that were compared", registers });
  const active = new Gauge({ name: "uploads_active", help: "Uploads under way", registers });
  const seconds = new Histogram({
    name: "uploads_seconds",
    help: "From the first byte to the answer",
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  return {
    begin: () => {
      active.inc();
      const stop = seconds.startTimer();
      return (outcome: "stored" | "refused" | "failed", result?: UploadResult) => {
        active.dec();
        stop();
        uploads.inc({ outcome });
        changes.inc(result?.changes ?? 0);
        rows.inc(result?.rows ?? 0);
      };
    },
  };
}
