import { ConfigResourceTypes } from "kafkajs";
import type { Problem } from "../../plan/problems";
import type { Handler } from "./handler";
import { isUnreachable, type KafkaConnection, withAdmin } from "./kafka";

export interface TopicInputs {
  readonly kafka: KafkaConnection;
  readonly name: string;
  readonly partitions: number;
  /** Default 1: one broker. */
  readonly replicationFactor: number;
  /** Kafka's own names; only what is set here is compared with the real topic. */
  readonly config: Readonly<Record<string, string>>;
}

/** A Kafka topic. Partitions are added in place; fewer are refused at preview. */
export const topic: Handler<TopicInputs> = {
  replaceOn: ["name"],

  check: (inputs, former) => fewerPartitions(inputs, former),

  async create(inputs) {
    await withAdmin(inputs.kafka, async (admin) => {
      const { name, partitions, replicationFactor, config } = inputs;
      const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      const created = await admin.createTopics({
        topics: [{ topic: name, numPartitions: partitions, replicationFactor, configEntries }],
        // kafkajs gives up at the first answer that the new topic is not known yet; `read` and clients retry.
        waitForLeaders: false,
      });
      // A run that was interrupted may have made it already.
      if (!created) await converge(inputs);
    });
    return { id: inputs.name, state: {} };
  },

  async read(state) {
    try {
      return await withAdmin(state.kafka, async (admin) => {
        const topics = await admin.listTopics();
        if (!topics.includes(state.name)) return undefined;
        const metadata = await admin.fetchTopicMetadata({ topics: [state.name] });
        const described = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: state.name }],
        });
        const entries = described.resources[0]?.configEntries ?? [];
        // Everything that was set on the topic itself counts: also what nobody declared.
        const setOnTopic = entries.filter((entry) => Number((entry as { configSource?: number }).configSource) === 1);
        const config = Object.fromEntries(setOnTopic.map((entry) => [entry.configName, entry.configValue]));
        return { ...state, partitions: metadata.topics[0]?.partitions.length ?? state.partitions, config };
      });
    } catch (error) {
      if (isUnreachable(error)) return state;
      throw error;
    }
  },

  async update(_state, inputs) {
    await converge(inputs);
    return {};
  },

  async remove(state) {
    await withAdmin(state.kafka, async (admin) => {
      if ((await admin.listTopics()).includes(state.name)) await admin.deleteTopics({ topics: [state.name] });
    });
  },
};

type Size = Pick<TopicInputs, "name" | "partitions">;

export function fewerPartitions(topic: Size, former: Size | undefined): Problem[] {
  if (!former || former.name !== topic.name || topic.partitions >= former.partitions) return [];
  return [
    {
      path: "partitions",
      message: `Topic ${topic.name} has ${former.partitions} partitions and Kafka cannot take partitions away: the records in them would be lost, and keys would move.`,
      given: topic.partitions,
      allowed: `${former.partitions} or more`,
      fix: "Keep the number, or declare a topic with another name and move its readers and writers.",
    },
  ];
}

async function converge(inputs: TopicInputs): Promise<void> {
  await withAdmin(inputs.kafka, async (admin) => {
    const metadata = await admin.fetchTopicMetadata({ topics: [inputs.name] });
    const partitions = metadata.topics[0]?.partitions.length ?? 0;
    // Added by hand: no update could take them away, and the next refresh would see them again.
    if (partitions > inputs.partitions) {
      throw new Error(
        `topic ${inputs.name} has ${partitions} partitions and ${inputs.partitions} are declared: Kafka cannot take partitions away; declare ${partitions}`,
      );
    }
    if (partitions < inputs.partitions) {
      await admin.createPartitions({ topicPartitions: [{ topic: inputs.name, count: inputs.partitions }] });
    }
    const configEntries = Object.entries(inputs.config).map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: inputs.name, configEntries }],
    });
  });
}
