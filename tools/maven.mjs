import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { updateChecksums, updateCommand, verify } from "./checksums.mjs";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { checksums, root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";
import { userError } from "./user-error.mjs";

/** What becomes of a module's resolved files, where it is more than a folder of jars. A changed recipe gets another number, and so another folder. */
const recipes = {
  "connect-plugins": { number: 1, arrange: arrangeConnectPlugins },
  "flink-plugins": { number: 1, arrange: arrangeFlinkPlugins },
  registry: { number: 1, arrange: (folder) => unpack(folder, archiveIn(folder)) },
};

/** Modules below tools/maven/, each a folder of the cache, named after the content that checksums.txt pins. */
export function mavenFolders(cache) {
  const folders = {};
  const pinned = checksums();
  for (const module of modulesBelow()) {
    const files = pinned[module];
    if (!files)
      throw userError([
        { message: `tools/checksums.txt pins nothing of tools/maven/${module}.`, fix: `run \`${updateCommand}\`` },
      ]);
    const content = files.map(({ sha256, file }) => `${sha256} ${file}`);
    folders[module] = join(cache, `${module}-${shortHash(...content, `recipe ${recipes[module]?.number}`)}`);
  }
  return folders;
}

/** Resolves what is missing with one run of Maven (its local repository does not stand several at once), verifies it and puts it in place. */
export async function installMavenModules(cache, jdkHome) {
  const folders = mavenFolders(cache);
  await installOnce(cache, "maven", Object.values(folders), async (staging, alsoHeldBy) => {
    const modules = Object.keys(folders).filter((module) => staging.has(folders[module]));
    const resolved = join(dirname(staging.get(folders[modules[0]])), "resolved");
    await step(`resolving ${modules.join(", ")} with Maven`, () => resolve(modules, resolved, jdkHome, alsoHeldBy));
    await step("verifying and unpacking them", async () => {
      for (const module of modules) {
        const folder = staging.get(folders[module]);
        await verify(module, join(resolved, module), checksums()[module]);
        rmSync(folder, { recursive: true });
        renameSync(join(resolved, module), folder);
        await recipes[module]?.arrange(folder, jdkHome);
      }
    });
  });
}

/** `--update-checksums`: resolves every module and writes down what came. */
export async function pinMavenModules(jdkHome) {
  const modules = modulesBelow();
  const resolved = mkdtempSync(join(tmpdir(), "millrace-maven-"));
  try {
    await step("resolving every module with Maven", () => resolve(modules, resolved, jdkHome));
    await updateChecksums(new Map(modules.map((module) => [module, join(resolved, module)])));
  } finally {
    rmSync(resolved, { recursive: true, force: true });
  }
}

function modulesBelow() {
  return readdirSync(join(root, "tools/maven")).filter((name) => name !== "pom.xml");
}

async function resolve(modules, into, jdkHome, onStart) {
  const pom = join(root, "tools/maven/pom.xml");
  const flags = ["-q", "-B", "-f", pom, "-pl", modules.join(","), `-Dmillrace.staging=${into}`];
  await run(["mvn", ...flags, "dependency:copy-dependencies"], {
    env: { ...process.env, JAVA_HOME: jdkHome },
    onStart,
  });
}

function archiveIn(folder) {
  return readdirSync(folder).find((file) => file.endsWith(".tar.gz"));
}

async function unpack(folder, archive) {
  await run(["tar", "-xzf", archive], { cwd: folder });
  rmSync(join(folder, archive));
}

/** One folder per plugin, each with a class loader of its own. */
async function arrangeConnectPlugins(folder, jdkHome) {
  const archive = archiveIn(folder);
  const converter = join(folder, "apicurio-converter");
  mkdirSync(converter);
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".jar")) renameSync(join(folder, file), join(converter, file));
  }
  await declareConverters(converter, jdkHome);
  await unpack(folder, archive);
}

/**
 * The converter's jar does not list its classes for Java's ServiceLoader. A jar beside it does, so that Connect can run with
 * `plugin.discovery=service_load`, which starts in 8.7 s where scanning every jar takes 14.
 */
async function declareConverters(folder, jdkHome) {
  const services = join(folder, "META-INF/services");
  mkdirSync(services, { recursive: true });
  const classes = ["AvroConverter", "ExtJsonConverter"].map((name) => `io.apicurio.registry.utils.converter.${name}\n`);
  writeFileSync(join(services, "org.apache.kafka.connect.storage.Converter"), classes.join(""));
  await run([join(jdkHome, "bin/jar"), "--create", "--file", "converter-services.jar", "META-INF/services"], {
    cwd: folder,
  });
  rmSync(join(folder, "META-INF"), { recursive: true });
}

/** Flink wants a folder for each plugin. */
function arrangeFlinkPlugins(folder) {
  for (const file of readdirSync(folder)) {
    const plugin = join(
      folder,
      basename(file)
        .replace(/^flink-/, "")
        .replace(/-\d.*$/, ""),
    );
    mkdirSync(plugin);
    renameSync(join(folder, file), join(plugin, file));
  }
}
