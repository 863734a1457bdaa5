import { createRequire } from "node:module";
import { resolve } from "node:path";
import { leaveSignalsAlone } from "./command.mjs";
import { pinMavenModules } from "./maven.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { checkPrerequisites } from "./prerequisites.mjs";
import { prepare } from "./toolchain.mjs";
import { UserError } from "./user-error.mjs";

const usage = `usage: node tools/bootstrap.mjs <script.ts> [arguments]   gets ready what the script needs, and runs it
       node tools/bootstrap.mjs --toolchain                gets everything ready, and prints where it lies, as JSON
       node tools/bootstrap.mjs --update-checksums         resolves the modules below tools/maven/ and pins what comes`;

async function main([script, ...args]) {
  const cache = cacheFolder();
  if (script === "--update-checksums") {
    const { jdk } = checkPrerequisites({ jdk: true, maven: true });
    await pinMavenModules(jdk.home);
  } else if (script === "--toolchain") {
    process.stdout.write(`${JSON.stringify(await prepare(cache, true))}\n`);
  } else if (!script || script.startsWith("-")) {
    throw new UserError(usage);
  } else {
    const toolchain = await prepare(cache, needsTools(script, args));
    process.env.MILLRACE_CACHE = cache;
    if (toolchain) {
      process.env.MILLRACE_JAVA_HOME = toolchain.javaHome;
      process.env.MILLRACE_TOOLCHAIN = JSON.stringify(toolchain);
    }
    await runScript(resolve(root, script), args);
  }
}

/** Packages are enough for what only computes. */
function needsTools(script, args) {
  if (script === "infra/deploy.ts") return !["filters", "sql"].includes(args.find((arg) => !arg.startsWith("-")));
  return !(script === "tests/run.ts" && args.includes("--unit"));
}

/** In this process: a second one would cost 40 ms, and would have to be handed signals and exit status. */
async function runScript(file, args) {
  leaveSignalsAlone();
  await createRequire(import.meta.url)("./run.cjs").run(file, args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
