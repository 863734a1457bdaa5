/** Settings that a job's SQL may change, by what they begin with: how its own statements are planned, and nothing else. */
export const allowedSettings = [
  "table.optimizer.",
  "table.exec.state.ttl",
  "table.exec.mini-batch.",
  "table.exec.source.idle-timeout",
  "table.exec.sink.not-null-enforcer",
  "table.exec.sink.require-on-conflict",
  "table.exec.sink.upsert-materialize",
  "table.exec.async-lookup.",
  "table.exec.window-agg.",
  "table.exec.deduplicate.",
] as const;

/** Settings that someone may look for here, by their beginning, and where they are decided instead. */
const elsewhere: readonly (readonly [prefix: string, where: string])[] = [
  ["parallelism.", "`parallelism` of the job's declaration sets it"],
  ["pipeline.name", "the job is called as it is declared"],
  ["table.local-time-zone", "time is UTC everywhere"],
  ["table.sql-dialect", "jobs are written in Flink's own dialect"],
  ["execution.", "the platform runs every job as a stream, with its own checkpoints"],
  ["state.", "the platform keeps state and checkpoints"],
  ["restart-strategy.", "the platform restarts jobs"],
];

export const isAllowedSetting = (key: string): boolean =>
  allowedSettings.some((allowed) => (allowed.endsWith(".") ? key.startsWith(allowed) : key === allowed));

/** Why a setting has no place in a job's SQL. */
export function whyNotSetting(key: string): string {
  return (
    elsewhere.find(([prefix]) => key.startsWith(prefix))?.[1] ??
    "a job's SQL sets only how its own statements are planned"
  );
}
