import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load, start, temporaryFolder } from "./support";

const folder = temporaryFolder();
const { prune, touch } = load("prune", folder);
const day = 24 * 3600 * 1000;
const now = Date.now();

let cache: string;
let said: string[];
beforeEach(() => {
  cache = mkdtempSync(join(folder, "cache-"));
  said = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => jest.restoreAllMocks());

/** A folder of the cache with a file in it, used so many days ago. */
function used(name: string, days: number): string {
  const path = join(cache, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "file"), "");
  utimesSync(path, (now - days * day) / 1000, (now - days * day) / 1000);
  return path;
}
const left = () => readdirSync(cache).filter((name) => !["staging", "pruned"].includes(name));
const nothingRuns = () => "";

test("what was not used for 30 days is removed, with one line; what is being made, and locks, are left alone", () => {
  used("kafka-0123456789ab", 31);
  used("kafka-ba9876543210", 29);
  used("pulumi-3.230.0-54c5d71374b6", 40);
  used("class-data/aaaaaaaaaaaa", 31);
  used("bundles/one.cjs", 31);
  used("staging/maven.1-2", 90);
  used("locks", 90);
  used("somebody-elses", 90);
  prune(cache, now, nothingRuns);
  expect(left().sort()).toEqual(["bundles", "class-data", "kafka-ba9876543210", "locks", "somebody-elses"]);
  expect(readdirSync(join(cache, "staging"))).toEqual(["maven.1-2"]);
  expect(readdirSync(join(cache, "class-data"))).toEqual([]);
  expect(said).toEqual([
    "millrace: removed what nobody used for 30 days: kafka-0123456789ab, pulumi-3.230.0-54c5d71374b6, 2 files that are made again\n",
  ]);
});

test("it is looked at once a day, and nothing is said where nothing is old", () => {
  prune(cache, now, nothingRuns);
  const late = used("kafka-0123456789ab", 31);
  prune(cache, now + day / 2, nothingRuns);
  expect(existsSync(late)).toBe(true);
  expect(said).toEqual([]);
  prune(cache, now + day, nothingRuns);
  expect(existsSync(late)).toBe(false);
});

test("what a process runs on is kept however old, and with it what was used when that was started", async () => {
  const running = used("kafka-0123456789ab", 60);
  // Named by no command line: it stands in a configuration file.
  used("connect-plugins-0123456789ab", 60);
  used("kafka-ba9876543210", 90);
  const other = start(`console.log("runs"); process.stdin.resume(); // ${running}/*`);
  await other.said("runs");
  prune(cache, now);
  expect(left().sort()).toEqual(["connect-plugins-0123456789ab", "kafka-0123456789ab"]);
  other.process.kill("SIGKILL");
  await other.ended;
  prune(cache, now + day);
  expect(left()).toEqual([]);
});

test("use is noted, of what is there", () => {
  const path = used("kafka-0123456789ab", 90);
  touch([path, join(cache, "not-there")], now);
  expect(Math.round(statSync(path).mtimeMs / 1000)).toBe(Math.round(now / 1000));
});
