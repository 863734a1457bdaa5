import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load, start, temporaryFolder, toolUrl } from "./support";

const folder = temporaryFolder();
const { installOnce } = load("install", folder);

function newCache(name: string): string {
  const cache = join(folder, name);
  mkdirSync(cache);
  return cache;
}

/** Installs `<cache>/tool`: notes it in `<cache>/journal`, writes one file, says "half", and writes the other when `<cache>/go` allows it. */
const installer = (cache: string) => `
  import { appendFileSync, existsSync, writeFileSync } from "node:fs";
  import { setTimeout as delay } from "node:timers/promises";
  import { installOnce } from ${JSON.stringify(toolUrl("install"))};
  const cache = ${JSON.stringify(cache)};
  await installOnce(cache, "tool", [cache + "/tool"], async (staging) => {
    appendFileSync(cache + "/journal", "x");
    writeFileSync(staging.get(cache + "/tool") + "/first", "1");
    console.log("half");
    while (!existsSync(cache + "/go")) await delay(10);
    writeFileSync(staging.get(cache + "/tool") + "/second", "2");
  });
  console.log("done");`;

test("two processes at once install once, and both go on only when it is whole", async () => {
  const cache = newCache("twice");
  const one = start(installer(cache));
  await one.said("half");
  const two = start(installer(cache));
  expect(existsSync(join(cache, "tool"))).toBe(false);
  writeFileSync(join(cache, "go"), "");
  await Promise.all([one.said("done"), two.said("done"), one.ended, two.ended]);
  expect(readFileSync(join(cache, "journal"), "utf8")).toBe("x");
  expect(readdirSync(join(cache, "tool"))).toEqual(["first", "second"]);
});

test("what was interrupted by kill -9 is not there, and is done again from nothing", async () => {
  const cache = newCache("interrupted");
  const one = start(installer(cache));
  await one.said("half");
  one.process.kill("SIGKILL");
  await one.ended;
  expect(existsSync(join(cache, "tool"))).toBe(false);
  expect(readdirSync(join(cache, "staging"))).toHaveLength(1);

  writeFileSync(join(cache, "go"), "");
  await start(installer(cache)).ended;
  expect(readFileSync(join(cache, "journal"), "utf8")).toBe("xx");
  expect(readdirSync(join(cache, "tool"))).toEqual(["first", "second"]);
  expect(readdirSync(join(cache, "staging"))).toEqual([]);
});

test("a failure leaves nothing behind and does not keep the lock", async () => {
  const cache = newCache("failed");
  const tool = join(cache, "tool");
  const fail = installOnce(cache, "tool", [tool], async () => {
    throw new Error("no network");
  });
  await expect(fail).rejects.toThrow("no network");
  expect(existsSync(tool)).toBe(false);
  await installOnce(cache, "tool", [tool], async (staging: Map<string, string>) =>
    writeFileSync(`${staging.get(tool)}/file`, ""),
  );
  expect(readdirSync(tool)).toEqual(["file"]);
  expect(readdirSync(join(cache, "staging"))).toEqual([]);
});

test("only the folders that are missing are filled", async () => {
  const cache = newCache("some");
  const [there, missing] = [join(cache, "there"), join(cache, "missing")];
  mkdirSync(there);
  const asked: string[] = [];
  await installOnce(
    cache,
    "tools",
    [there, missing],
    async (staging: Map<string, string>) => void asked.push(...staging.keys()),
  );
  expect(asked).toEqual([missing]);
  expect(existsSync(missing)).toBe(true);
});
