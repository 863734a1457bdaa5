import { linkSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";

/** Formats of our own for Flink's tables, in Java: docs/decisions/0011-dead-letters-of-jobs.md. */
const sources = join(root, "flink-formats");
/** What Flink's own jars are compiled for. */
const release = "17";

/** Flink's class path: its jars, and one with our formats. Named after both, so that a change of either makes another. */
export function flinkLibFolder(cache, jars) {
  const content = sourceFiles().flatMap((file) => [relative(sources, file), readFileSync(file)]);
  return join(cache, `flink-lib-${shortHash(basename(jars), release, ...content)}`);
}

/** Compiles the formats, in about two seconds, and links Flink's jars beside them. */
export async function installFlinkLib(cache, jars, jdkHome) {
  const folder = flinkLibFolder(cache, jars);
  await installOnce(cache, "flink-lib", [folder], (staging, alsoHeldBy) =>
    step("compiling the formats for Flink", async () => {
      const into = staging.get(folder);
      const classes = join(dirname(into), "classes");
      const jdk = (program) => join(jdkHome, "bin", program);
      const java = sourceFiles().filter((file) => file.endsWith(".java"));
      const flags = ["--release", release, "-proc:none", "-encoding", "UTF-8", "-cp", join(jars, "*"), "-d", classes];
      mkdirSync(classes);
      await run([jdk("javac"), ...flags, ...java], { onStart: alsoHeldBy });
      const content = ["-C", classes, ".", "-C", sources, "META-INF"];
      await run([jdk("jar"), "--create", "--file", join(into, "millrace-formats.jar"), ...content], {
        onStart: alsoHeldBy,
      });
      for (const jar of readdirSync(jars)) linkSync(join(jars, jar), join(into, jar));
    }),
  );
}

function sourceFiles() {
  return readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
