import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Note } from "./stack";

/** How long changes come in while they are measured. */
const measuredMs = 60_000;

/** From the commit of a row to the row in a consumer's table, hop by hop, at 100 changes a second. */
export async function latency(bench: Bench, note: Note): Promise<void> {
  bench.configure(100);
  await bench.run("up");
  const [start] = await bench.query<{ now: string }>("consumers", "SELECT clock_timestamp()::text AS now");
  await delay(measuredMs);
  const all = ["loan_events", "service_events", "car_events"]
    .map(
      (table) =>
        `SELECT created_at, captured_at, filtered_at, received_at FROM ${table} WHERE created_at > $1 AND event_type <> 'SNAPSHOT'`,
    )
    .join(" UNION ALL ");
  const ms = (from: string, to: string) => `(extract(epoch FROM ${to} - ${from}) * 1000)`;
  const hops = [
    ["row committed → captured by Debezium", ms("created_at", "captured_at"), ""],
    ["captured → filtered by Flink", ms("captured_at", "filtered_at"), ""],
    ["filtered → row in the consumer's table", ms("filtered_at", "received_at"), ""],
    ["row committed → row in the consumer's table", ms("created_at", "received_at"), "p99 < 250 ms"],
  ] as const;
  for (const [hop, expression, aim] of hops) {
    const [row] = await bench.query(
      "consumers",
      `SELECT count(*) AS n, round(percentile_disc(0.5) WITHIN GROUP (ORDER BY ${expression})) AS p50,
              round(percentile_disc(0.99) WITHIN GROUP (ORDER BY ${expression})) AS p99 FROM (${all}) AS events`,
      [start?.now],
    );
    note(hop, `p50 ${row?.p50} ms, p99 ${row?.p99} ms (${row?.n} events)`, aim);
  }
}
