import type { TopicPlan } from "../types";
import { type Change, changesOf, count, differences } from "./change";

export function topicChanges(before: readonly TopicPlan[], after: readonly TopicPlan[]): Change[] {
  return changesOf(before, after, {
    added: ({ partitions, config }) => [count(partitions, "partition"), kept(config)],
    removed: () => "its records are lost",
    changed: (was, is) => {
      const { "retention.ms": formerly, ...others } = was.config;
      const { "retention.ms": now, ...otherNow } = is.config;
      const grows = is.partitions > was.partitions;
      const how = [
        ...(is.partitions !== was.partitions ? [`${was.partitions} → ${count(is.partitions, "partition")}`] : []),
        ...(formerly !== now ? [`${kept(is.config)}, was ${kept(was.config)}`] : []),
        ...differences(others, otherNow),
      ];
      const risks = [
        ...(grows ? ["records of one key go on in another partition: around the change their order is not kept"] : []),
        ...(is.partitions < was.partitions ? ["partitions cannot shrink: up will refuse it"] : []),
        ...(period(now) < period(formerly) ? ["older records go"] : []),
      ];
      return { how, ...(risks.length > 0 && { risk: risks.join("; ") }) };
    },
  });
}

/** Kafka's -1 is for good. */
const period = (ms: string | undefined) => (ms === undefined || ms === "-1" ? Number.POSITIVE_INFINITY : Number(ms));

const units: readonly [ms: number, name: string][] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
];

function kept(config: TopicPlan["config"]): string {
  const ms = period(config["retention.ms"]);
  if (ms === Number.POSITIVE_INFINITY) return "kept for good";
  const [size, name] = units.find(([unit]) => ms >= unit && ms % unit === 0) ?? [1, "ms"];
  return size === 1 ? `kept ${ms} ms` : `kept ${count(ms / size, name)}`;
}
