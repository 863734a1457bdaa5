import { existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { endAll } from "./command.mjs";
import { flinkLibFolder, installFlinkLib } from "./flink-lib.mjs";
import { installKafkaData, kafkaDataFolder } from "./kafka-data.mjs";
import { installMavenModules, mavenFolders } from "./maven.mjs";
import { arePackagesInstalled, installPackages, postgresBin } from "./packages.mjs";
import { shortHash } from "./paths.mjs";
import { checkPrerequisites } from "./prerequisites.mjs";
import { prune, touch } from "./prune.mjs";
import { installedPulumi, installPulumi, isPulumiInstalled, pulumiFolder } from "./pulumi.mjs";

/**
 * Makes sure that everything is there: packages, and with `withTools` also what runs on the JVM and the engine. Nothing is said or started when it is.
 * @returns the toolchain as infra/local/toolchain.ts describes it; undefined without tools
 */
export async function prepare(cache, withTools) {
  // First, so that no other run removes them between the look and the use.
  if (withTools) touch([...Object.values(mavenFolders(cache)), ...madeOfJars(cache), pulumiFolder(cache)]);
  const packages = !arePackagesInstalled();
  const maven = withTools && Object.values(mavenFolders(cache)).some((folder) => !existsSync(folder));
  const made = withTools && !madeOfJars(cache).every(existsSync);
  const pulumi = withTools && !isPulumiInstalled(pulumiFolder(cache));
  const installed = pulumi ? await installedPulumi() : undefined;
  const { jdk } = checkPrerequisites({ jdk: withTools, npm: packages, maven, go: pulumi && !installed });
  await all([
    packages && installPackages(cache),
    (maven || made) && installJava(cache, jdk.home),
    pulumi && installPulumi(cache, installed),
  ]);
  if (!withTools) return undefined;
  const toolchain = toolchainIn(cache, jdk);
  touch([toolchain.classDataDir]);
  prune(cache);
  return toolchain;
}

function madeOfJars(cache) {
  const { flink, kafka } = mavenFolders(cache);
  return [flinkLibFolder(cache, flink), kafkaDataFolder(cache, kafka)];
}

/** The jars, and what is made with them. */
async function installJava(cache, jdkHome) {
  await installMavenModules(cache, jdkHome);
  const { flink, kafka } = mavenFolders(cache);
  await Promise.all([installFlinkLib(cache, flink, jdkHome), installKafkaData(cache, kafka, jdkHome)]);
}

/** One failure ends the others, so that nobody waits minutes to hear of it. What they had fetched and compiled so far is kept for the next run. */
async function all(works) {
  let first;
  const watched = works.map(async (work) => {
    try {
      await work;
    } catch (error) {
      first ??= { error };
      endAll();
    }
  });
  await Promise.all(watched);
  if (first) throw first.error;
}

export function toolchainIn(cache, jdk) {
  const folders = mavenFolders(cache);
  const flinkLib = flinkLibFolder(cache, folders.flink);
  // An archive of class data fits one JVM and one class path only.
  const classDataDir = join(
    cache,
    "class-data",
    shortHash(jdk.hash, ...[...Object.values(folders), flinkLib].map((folder) => basename(folder))),
  );
  mkdirSync(classDataDir, { recursive: true });
  return {
    java: join(jdk.home, "bin/java"),
    javaHome: jdk.home,
    jdkVersion: jdk.version,
    jvmVersionHash: jdk.hash,
    pulumi: pulumiFolder(cache),
    kafkaLibs: folders.kafka,
    kafkaData: kafkaDataFolder(cache, folders.kafka),
    connectLibs: folders.connect,
    connectPlugins: folders["connect-plugins"],
    flinkLib,
    flinkPlugins: folders["flink-plugins"],
    registryDir: folders.registry,
    postgresBin: postgresBin(),
    classDataDir,
  };
}
