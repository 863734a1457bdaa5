import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";

/** One for all: a stack's folder holds its own data, and nothing else compares them. */
const clusterId = "bWlsbHJhY2UtbG9jYWwtMQ";
/** What formatting asks for; only roles and the number of the node are kept, and have to be those of the broker. */
const settings = {
  "process.roles": "broker,controller",
  "node.id": 1,
  "controller.quorum.voters": "1@127.0.0.1:1",
  listeners: "CLIENT://127.0.0.1:0,CONTROLLER://127.0.0.1:1",
  "controller.listener.names": "CONTROLLER",
  "inter.broker.listener.name": "CLIENT",
  "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,CLIENT:PLAINTEXT",
};

/** An empty data folder of a broker, for stacks to copy: Kafka's own tool would take a second each time. */
export function kafkaDataFolder(cache, jars) {
  return join(cache, `kafka-data-${shortHash(basename(jars), clusterId, JSON.stringify(settings))}`);
}

export async function installKafkaData(cache, jars, jdkHome) {
  const folder = kafkaDataFolder(cache, jars);
  await installOnce(cache, "kafka-data", [folder], (staging, alsoHeldBy) =>
    step("formatting a data folder of Kafka", async () => {
      const into = staging.get(folder);
      const file = join(dirname(into), "server.properties");
      const lines = Object.entries({ ...settings, "log.dirs": into }).map(([key, value]) => `${key}=${value}\n`);
      writeFileSync(file, lines.join(""));
      const tool = ["-cp", join(jars, "*"), "kafka.tools.StorageTool", "format", "-t", clusterId, "-c", file];
      await run([join(jdkHome, "bin/java"), ...tool], { onStart: alsoHeldBy });
    }),
  );
}
