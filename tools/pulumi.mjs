import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { installOnce } from "./install.mjs";
import { onPath } from "./jdk.mjs";
import { pulumiFacts, root, shortHash } from "./paths.mjs";
import { step } from "./progress.mjs";

/** Folder of the cache whose bin/ holds the pinned engine. */
export function pulumiFolder(cache) {
  const { version, goMod } = pulumiFacts();
  const goSum = readFileSync(join(root, "tools/pulumi/go.sum"));
  return join(cache, `pulumi-${version}-${shortHash(goMod, goSum, ldflags(version), process.platform, process.arch)}`);
}

/** There, and if it is a link to an installed Pulumi, to the same file as when its version was asked. */
export function isPulumiInstalled(folder) {
  if (!existsSync(folder)) return false;
  const binary = join(folder, "bin/pulumi");
  if (!lstatSync(binary).isSymbolicLink()) return true;
  return existsSync(binary) && readFileSync(join(folder, "linked.json"), "utf8") === identity(realpathSync(binary));
}

/** An installed `pulumi` of exactly the pinned version: engine and @pulumi/pulumi are kept the same. */
export async function installedPulumi() {
  const binary = onPath("pulumi");
  if (!binary) return undefined;
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const answer = await run([binary, "version"], { env }).catch(() => "");
  return answer.trim() === `v${pulumiFacts().version}` ? realpathSync(binary) : undefined;
}

/** @param {string | undefined} installed path of an installed Pulumi to link to; it is built from tools/pulumi/ otherwise */
export async function installPulumi(cache, installed) {
  const folder = pulumiFolder(cache);
  if (existsSync(folder) && !isPulumiInstalled(folder)) rmSync(folder, { recursive: true, force: true });
  await installOnce(cache, "pulumi", [folder], async (staging, alsoHeldBy) => {
    const bin = join(staging.get(folder), "bin");
    mkdirSync(bin);
    if (installed) {
      symlinkSync(installed, join(bin, "pulumi"));
      writeFileSync(join(staging.get(folder), "linked.json"), identity(installed));
    } else {
      await step(`building Pulumi ${pulumiFacts().version} with Go (2 to 3 minutes)`, () =>
        build(join(bin, "pulumi"), alsoHeldBy),
      );
    }
  });
}

/** What is downloaded is verified by go.sum. Niced, because packages and jars are installed at the same time and are soon done. */
function build(target, onStart) {
  const { version } = pulumiFacts();
  const flags = ["-mod=readonly", "-buildvcs=false", "-ldflags", ldflags(version), "-o", target];
  const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? "auto" };
  const command = ["nice", "-n", "5", "go", "build", ...flags, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"];
  return run(command, { cwd: join(root, "tools/pulumi"), env, onStart });
}

function ldflags(version) {
  return `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
}

function identity(file) {
  const { size, mtimeMs } = statSync(file);
  return JSON.stringify({ file, size, mtimeMs });
}
