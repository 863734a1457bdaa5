import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { verify } from "./checksums.mjs";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";
import { userError } from "./user-error.mjs";

const sources = join(root, "tools/kubernetes/crds");
const text = (file) => readFileSync(join(sources, file), "utf8");
/** A changed recipe gets another folder. */
const recipe = "2";

/** Strimzi makes its definitions from its classes. */
const strimzi = {
  "kafka.Kafka": "kafkas",
  "nodepool.KafkaNodePool": "kafkanodepools",
  "topic.KafkaTopic": "kafkatopics",
  "user.KafkaUser": "kafkausers",
  "connect.KafkaConnect": "kafkaconnects",
  "connector.KafkaConnector": "kafkaconnectors",
  "rebalance.KafkaRebalance": "kafkarebalances",
};

/** Folder of the cache with the custom resource definitions of all operators, one YAML file each. */
export const crdsFolder = (cache) =>
  join(cache, `crds-${shortHash(...["pom.xml", "checksums.txt", "modules.txt"].map(text), recipe)}`);

export async function installCrds(cache, jdkHome) {
  const folder = crdsFolder(cache);
  await installOnce(cache, "crds", [folder], (staging, alsoHeldBy) =>
    step("making the operators' resource definitions", () => make(staging.get(folder), jdkHome, alsoHeldBy)),
  );
}

async function make(into, jdkHome, onStart) {
  const jars = join(dirname(into), "jars");
  const flags = ["-q", "-B", "-f", join(sources, "pom.xml"), `-Dmillrace.staging=${jars}`];
  await run(["mvn", ...flags, "dependency:copy-dependencies"], {
    env: { ...process.env, JAVA_HOME: jdkHome },
    onStart,
  });
  await verify("kubernetes/crds", jars, pinned());
  await generate(into, jars, jdkHome, onStart);
  await unpackFlink(into, jars, jdkHome);
  for (const module of text("modules.txt").trim().split("\n")) await copyModule(into, ...module.split(" "));
}

const pinned = () =>
  text("checksums.txt")
    .trim()
    .split("\n")
    .map((line) => line.split("  "))
    .map(([sha256, file]) => ({ sha256, file }));

async function generate(into, jars, jdkHome, onStart) {
  const files = Object.entries(strimzi).map(
    ([name, plural]) => `io.strimzi.api.kafka.model.${name}=${join(into, `strimzi.${plural}.yaml`)}`,
  );
  const options = ["--label", "app:strimzi", "--target-kube", "1.30+", "--yaml"];
  const main = "io.strimzi.crdgenerator.CrdGenerator";
  await run([join(jdkHome, "bin/java"), "-cp", join(jars, "*"), main, ...options, ...files], { onStart });
}

/**
 * The newest that Maven Central has are those of 1.10, which know Flink up to 1.20; operators since 1.15 know 2.3. That list is completed, and nothing else.
 */
async function unpackFlink(into, jars, jdkHome) {
  const unpacked = join(dirname(into), "flink");
  mkdirSync(unpacked);
  const jar = readdirSync(jars).find((file) => file.startsWith("flink-kubernetes-operator-api-"));
  await run([join(jdkHome, "bin/jar"), "--extract", "--file", join(jars, jar)], { cwd: unpacked });
  const folder = join(unpacked, "META-INF/fabric8");
  for (const file of readdirSync(folder).filter((name) => name.endsWith("-v1.yml"))) {
    const definition = readFileSync(join(folder, file), "utf8");
    const completed = definition.replace(
      /^( *- )v1_20\n/gm,
      (line, indent) => `${line}${["v2_0", "v2_1", "v2_2", "v2_3"].map((name) => `${indent}${name}\n`).join("")}`,
    );
    writeFileSync(join(into, file.replace("-v1.yml", ".yaml")), completed);
  }
}

/** Go verifies what it downloads against the public checksum database; the sum is pinned here too. */
async function copyModule(into, module, sum, folder) {
  const { Dir, Sum } = JSON.parse(await run(["go", "mod", "download", "-json", module], { cwd: dirname(into) }));
  if (Sum !== sum) {
    throw userError([{ message: `${module} is not what is pinned.`, given: Sum, allowed: sum }]);
  }
  for (const file of readdirSync(join(Dir, folder)).filter((name) => name.endsWith(".yaml"))) {
    copyFileSync(join(Dir, folder, file), join(into, file));
  }
}
