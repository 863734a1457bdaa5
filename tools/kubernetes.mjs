import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "./command.mjs";
import { crdsFolder, installCrds } from "./crds.mjs";
import { installOnce } from "./install.mjs";
import { cacheFolder, root, shortHash } from "./paths.mjs";
import { checkPrerequisites } from "./prerequisites.mjs";
import { step } from "./progress.mjs";
import { touch } from "./prune.mjs";
import { UserError } from "./user-error.mjs";

/** A real Kubernetes API for tests/kubernetes; nothing else needs it. `node tools/kubernetes.mjs` makes sure that it is there, and prints where. */
const version = "1.34.4";
const folder = join(root, "tools/kubernetes");
const [major, minor] = version.split(".");
const component = "k8s.io/component-base/version";
const ldflags = `-s -w -X ${component}.gitVersion=v${version} -X ${component}.gitMajor=${major} -X ${component}.gitMinor=${minor}`;
const programs = [
  "go.etcd.io/etcd/server/v3",
  ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map((name) => `k8s.io/kubernetes/cmd/${name}`),
];

/** Folder of the cache with the programs. */
function controlPlaneFolder(cache) {
  const content = ["go.mod", "go.sum"].map((file) => readFileSync(join(folder, file)));
  return join(
    cache,
    `kubernetes-${version}-${shortHash(...content, ldflags, ...programs, process.platform, process.arch)}`,
  );
}

/** What is downloaded is verified by go.sum. */
async function build(into, onStart) {
  // Two at a time: each link takes more than a gigabyte.
  const flags = ["-p", "2", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", `${into}/`];
  const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? "auto" };
  await run(["nice", "-n", "5", "go", "build", ...flags, ...programs], { cwd: folder, env, onStart });
  // Go names it after its folder.
  renameSync(join(into, "server"), join(into, "etcd"));
}

/** @returns where the programs and the definitions lie */
export async function prepareKubernetes(cache = cacheFolder()) {
  const bin = controlPlaneFolder(cache);
  const crds = crdsFolder(cache);
  touch([bin, crds]);
  const { jdk } = checkPrerequisites({ jdk: true, maven: true, go: true });
  await installOnce(cache, "kubernetes", [bin], (staging, alsoHeldBy) =>
    step(`building Kubernetes ${version} with Go (5 to 10 minutes)`, () => build(staging.get(bin), alsoHeldBy)),
  );
  await installCrds(cache, jdk.home);
  return { bin, crds, version };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stdout.write(`${JSON.stringify(await prepareKubernetes())}\n`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
