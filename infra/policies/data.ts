import type { Policy } from "./policy";

/** Types that hold what cannot be made again. */
const holdData = [
  /^kubernetes:core\/v1:PersistentVolumeClaim$/,
  /^kubernetes:kafka\.strimzi\.io\/[^:]+:(Kafka|KafkaNodePool|KafkaTopic)$/,
  /^kubernetes:postgresql\.cnpg\.io\/[^:]+:(Cluster|Database)$/,
  /^aws:s3\/bucket(V2)?:Bucket(V2)?$/,
  /^aws:kms\/key:Key$/,
  /^aws:secretsmanager\/secret:Secret$/,
  /^aws:eks\/cluster:Cluster$/,
  /^aws:ecr\/repository:Repository$/,
];

export const dataProtected: Policy = {
  name: "protect on what holds data",
  protectedOnly: true,
  *check({ type, protect }) {
    if (protect || !holdData.some((one) => one.test(type))) return;
    yield {
      path: "protect",
      message: "It holds data, and can be deleted by mistake.",
      fix: "Set protect in its options.",
    };
  },
};
