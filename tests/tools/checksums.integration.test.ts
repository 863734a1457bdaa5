import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load, root, temporaryFolder } from "./support";

const folder = temporaryFolder();
const { updateChecksums, verify } = load("checksums", folder);
const { checksums } = load("paths", folder);

const resolved = join(folder, "flink");
const pins = join(folder, "checksums.txt");
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const def = "cb8379ac2098aa165029e3938a51da0bcecfc008fd6795f401178647f96c5b34";

beforeEach(async () => {
  mkdirSync(resolved, { recursive: true });
  writeFileSync(join(resolved, "a.jar"), "abc");
  await updateChecksums(new Map([["flink", resolved]]), pins);
});

test("what was pinned is accepted, and sha256sum reads the same file", async () => {
  expect(readFileSync(pins, "utf8")).toBe(`${abc}  flink/a.jar\n`);
  await verify("flink", resolved, checksums(pins).flink);
  if (process.platform === "linux") execFileSync("sha256sum", ["--check", "--strict", pins], { cwd: folder });
});

test("a file with other content is refused with its name, the checksum expected and the one found", async () => {
  writeFileSync(join(resolved, "a.jar"), "def");
  const refused = verify("flink", resolved, checksums(pins).flink);
  await expect(refused).rejects.toThrow(
    `flink/a.jar is not the file whose checksum is pinned in tools/checksums.txt: expected ${abc}, found ${def}.`,
  );
  await expect(refused).rejects.toMatchObject({ name: "UserError" });
});

test("missing and additional files are refused together", async () => {
  const pinned = [{ sha256: abc, file: "b.jar" }];
  const refused = verify("flink", resolved, pinned);
  await expect(refused).rejects.toThrow("2 problems");
  await expect(refused).rejects.toThrow(
    `flink/a.jar is not the file whose checksum is pinned in tools/checksums.txt: expected no such file, found ${abc}`,
  );
  await expect(refused).rejects.toThrow(
    `flink/b.jar is not the file whose checksum is pinned in tools/checksums.txt: expected ${abc}, found no such file`,
  );
});

test("every module below tools/maven/ is pinned, in full", () => {
  const committed = checksums();
  const modules = readdirSync(join(root, "tools/maven")).filter((name) => name !== "pom.xml");
  expect(Object.keys(committed).sort()).toEqual(modules.sort());
  const lines = readFileSync(join(root, "tools/checksums.txt"), "utf8").trimEnd().split("\n");
  expect(Object.values(committed).flat()).toHaveLength(lines.length);
});

test("each direct dependency of a module is among its pins, in the version that the parent names", () => {
  const parent = readFileSync(join(root, "tools/maven/pom.xml"), "utf8");
  const missing: string[] = [];
  for (const [module, files] of Object.entries<{ file: string }[]>(checksums())) {
    const pom = readFileSync(join(root, "tools/maven", module, "pom.xml"), "utf8");
    for (const match of pom.matchAll(/<artifactId>([^<]+)<\/artifactId>\s*<version>\$\{([^}]+)\}/g)) {
      const version = new RegExp(`<${match[2]}>([^<]+)<`).exec(parent)?.[1];
      if (!files.some(({ file }) => file.startsWith(`${match[1]}-${version}`)))
        missing.push(`${module}: ${match[1]} ${version}`);
    }
  }
  expect(missing).toEqual([]);
});
