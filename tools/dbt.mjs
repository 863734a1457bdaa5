import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { machine, onPath } from "./jdk.mjs";
import { cacheFolder, root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";
import { userError } from "./user-error.mjs";

/**
 * dbt, run with the arguments of this script: `node tools/dbt.mjs build --project-dir dbt/upi`. At its first use it is installed into the tool cache, a virtual
 * environment of Python with every package pinned by its hash: tools/dbt/requirements.txt.
 */
const requirements = join(root, "tools/dbt/requirements.txt");

async function installDbt(cache) {
  if (!onPath("python3", machine)) {
    throw userError([
      {
        message: "Python, which dbt runs on, is not on PATH.",
        allowed: "3.10 or newer, with venv",
        fix: [
          "Debian  sudo apt-get install python3-venv",
          "Fedora  sudo dnf install python3",
          "macOS   brew install python",
        ],
      },
    ]);
  }
  const python = (await run(["python3", "-c", "import sys, sysconfig; print(sys.version, sys.executable)"])).trim();
  const folder = join(cache, `dbt-${shortHash(readFileSync(requirements), python)}`);
  await installOnce(cache, "dbt", [folder], (staging, alsoHeldBy) =>
    step("installing dbt", async () => {
      const into = staging.get(folder);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
      await run(["python3", "-m", "venv", into], { onStart: alsoHeldBy });
      // By its Python, never by its scripts: those have the staging folder's path in them.
      await run([join(into, "bin/python"), ...pip, "--only-binary", ":all:", "--require-hashes", "-r", requirements], {
        onStart: alsoHeldBy,
      });
    }),
  );
  return folder;
}

async function main() {
  const folder = await installDbt(cacheFolder());
  const child = spawn(join(folder, "bin/python"), ["-m", "dbt.cli.main", ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
  child.on("close", (code) => process.exit(code ?? 1));
}

main().catch((error) => {
  process.stderr.write(`${error.name === "UserError" ? error.message : error.stack}\n`);
  process.exit(1);
});
