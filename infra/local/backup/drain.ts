import type { Admin } from "kafkajs";
import { UserError } from "../../plan/problems";
import type { Wave } from "../../plan/waves";
import { type KafkaConnection, withAdmin } from "../provider/kafka";
import { until } from "../supervisor/until";

type Offsets = ReadonlyMap<string, number>;

/**
 * Waits until what is in the topics now has gone all the way: each step's readers have confirmed what was there when the step before was through.
 * Readers confirm after they have written.
 *
 * @throws UserError that names the reader that did not get there
 */
export async function drained(kafka: KafkaConnection, waves: readonly Wave[], limitMs = 300_000): Promise<void> {
  const end = Date.now() + limitMs;
  await withAdmin(kafka, async (admin) => {
    for (const { topics, readers } of waves) {
      const ends = await endsOf(admin, topics);
      for (const { group, topics: its } of readers) {
        const there = await until(() => confirmed(admin, group, its, ends), {
          limitMs: Math.max(0, end - Date.now()),
          everyMs: 200,
        });
        if (!there) throw stuck(group, its, limitMs);
      }
    }
  });
}

async function endsOf(admin: Admin, topics: readonly string[]): Promise<Offsets> {
  const ends = new Map<string, number>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (Number(high) > Number(low)) ends.set(`${topic} ${partition}`, Number(high));
    }
  }
  return ends;
}

async function confirmed(admin: Admin, groupId: string, topics: readonly string[], ends: Offsets): Promise<boolean> {
  const found = await admin.fetchOffsets({ groupId, topics: [...topics] });
  return found.every(({ topic, partitions }) =>
    partitions.every(({ partition, offset }) => Number(offset) >= (ends.get(`${topic} ${partition}`) ?? -1)),
  );
}

const stuck = (group: string, topics: readonly string[], limitMs: number) =>
  new UserError([
    {
      path: group,
      message: `It has not caught up with ${topics.join(", ")} within ${limitMs / 1000} s: a backup would miss what is on its way.`,
      fix: "npm run status says why. The backup before this one is as good as it was.",
    },
  ]);
