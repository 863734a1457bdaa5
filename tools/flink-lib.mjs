import { linkSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";

/** What is in Java: a format for tables (docs/decisions/0011-dead-letters-of-jobs.md), and the planner of jobs (docs/decisions/0013-job-graphs.md). */
const sources = join(root, "flink-java");
/** What Flink's own jars are compiled for. */
const release = "17";

/** Flink's class path: its jars, and one with ours. Named after both, so that a change of either makes another. */
export function flinkLibFolder(cache, jars) {
  const content = sourceFiles().flatMap((file) => [relative(sources, file), readFileSync(file)]);
  return join(cache, `flink-lib-${shortHash(basename(jars), release, ...content)}`);
}

/** Compiles our Java, in about two seconds, and links Flink's jars beside them. */
export async function installFlinkLib(cache, jars, jdkHome) {
  const folder = flinkLibFolder(cache, jars);
  await installOnce(cache, "flink-lib", [folder], (staging, alsoHeldBy) =>
    step("compiling what Flink gets from here", async () => {
      const into = staging.get(folder);
      const classes = join(dirname(into), "classes");
      const jdk = (program) => join(jdkHome, "bin", program);
      const java = sourceFiles().filter((file) => file.endsWith(".java"));
      const flags = ["--release", release, "-proc:none", "-encoding", "UTF-8", "-cp", join(jars, "*"), "-d", classes];
      mkdirSync(classes);
      await run([jdk("javac"), ...flags, ...java], { onStart: alsoHeldBy });
      const content = ["-C", classes, ".", "-C", sources, "META-INF"];
      await run([jdk("jar"), "--create", "--file", join(into, "millrace-flink.jar"), ...content], {
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
