import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load, root, start, temporaryFolder, toolUrl } from "./support";

const folder = temporaryFolder();
const { installedPulumi, installPulumi, isPulumiInstalled, pulumiFolder } = load("pulumi", folder);
const { pulumiFacts } = load("paths", folder);

test("engine and @pulumi/pulumi are pinned to the same version", () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(dependencies["@pulumi/pulumi"]).toBe(pulumiFacts().version);
});

test("an installed Pulumi of the pinned version is linked to, and looked at anew when it changes", async () => {
  const cache = join(folder, "cache");
  const binary = fakePulumi("installed", `v${pulumiFacts().version}`);
  await installPulumi(cache, binary);
  const target = pulumiFolder(cache);
  expect(readFileSync(join(target, "bin/pulumi"), "utf8")).toBe(readFileSync(binary, "utf8"));
  expect(isPulumiInstalled(target)).toBe(true);

  utimesSync(binary, 1, 1);
  expect(isPulumiInstalled(target)).toBe(false);
  await installPulumi(cache, binary);
  expect(isPulumiInstalled(target)).toBe(true);
});

test("a folder with a binary of its own is installed, one with a link to nothing is not", () => {
  const built = join(folder, "built");
  mkdirSync(join(built, "bin"), { recursive: true });
  writeFileSync(join(built, "bin/pulumi"), "");
  expect(isPulumiInstalled(built)).toBe(true);
  const dangling = join(folder, "dangling");
  mkdirSync(join(dangling, "bin"), { recursive: true });
  symlinkSync(join(folder, "gone"), join(dangling, "bin/pulumi"));
  expect(isPulumiInstalled(dangling)).toBe(false);
});

test("another version than the pinned one is not used", async () => {
  const path = process.env.PATH;
  try {
    const right = fakePulumi("right", `v${pulumiFacts().version}`);
    process.env.PATH = `${join(right, "..")}:${path}`;
    expect(await installedPulumi()).toBe(right);
    const wrong = fakePulumi("wrong", "v3.229.0");
    process.env.PATH = `${join(wrong, "..")}:${path}`;
    expect(await installedPulumi()).toBeUndefined();
  } finally {
    process.env.PATH = path;
  }
});

test("a build that is ended by a signal takes its compiler with it", async () => {
  const cache = join(folder, "ended");
  const bin = join(folder, "slow-go");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "go"),
    `#!/bin/sh\necho $$ > ${bin}/pid.part\nmv ${bin}/pid.part ${bin}/pid\nexec sleep 600\n`,
    { mode: 0o755 },
  );
  const build = start(
    `import { existsSync } from "node:fs";
     import { installPulumi } from ${JSON.stringify(toolUrl("pulumi"))};
     const seen = setInterval(() => existsSync(${JSON.stringify(`${bin}/pid`)}) && console.log("compiling"), 20);
     await installPulumi(${JSON.stringify(cache)}).finally(() => clearInterval(seen));`,
    { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  );
  await build.said("compiling");
  const compiler = Number(readFileSync(join(bin, "pid"), "utf8"));
  build.process.kill("SIGTERM");
  await expect(build.ended).rejects.toThrow("exit 143");
  await gone(compiler);
  expect(existsSync(pulumiFolder(cache))).toBe(false);
});

function fakePulumi(name: string, version: string): string {
  const binary = join(folder, name, "pulumi");
  mkdirSync(join(folder, name));
  writeFileSync(binary, `#!/bin/sh\n[ "$1" = version ] && echo ${version}\n`, { mode: 0o755 });
  return binary;
}

async function gone(pid: number): Promise<void> {
  const { startOf } = load("lock", folder);
  const deadline = Date.now() + 5000;
  while (startOf(pid) !== undefined) {
    if (Date.now() > deadline) throw new Error(`process ${pid} still runs 5 s after the build was ended`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
