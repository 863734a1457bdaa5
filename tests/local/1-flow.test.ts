import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { supervisorOf } from "../../infra/local/supervisor/client";
import { projectRoot } from "../../infra/paths";
import { changesAdded, compareSourceAndSinks, goOn } from "./support/compare";
import { eventually, millrace, type Outcome, outputs, query, root } from "./support/stack";
import { beginAudit } from "./support/truth";

// Also after a comparison that failed: the tests behind it have a right to changes of their own.
afterEach(goOn);

const deployed = (): Outcome => JSON.parse(process.env.MILLRACE_TEST_UP ?? "{}");

describe("npm run up", () => {
  test("ends with the stack's URLs and a line with counts for the pipeline", () => {
    expect(deployed().stdout).toMatch(/kafkaConnect +http:\/\/127\.0\.0\.1:27083/);
    expect(deployed().stdout).toMatch(/business-events +car_entities [1-9]/);
    expect(deployed().stdout).toMatch(/raw-business-events [1-9]/);
  });

  test("changes nothing when nothing changed", async () => {
    const again = await millrace("up");
    expect(again.stderr).toMatch(/^up: nothing to change/m);
    expect(again.status).toBe(0);
  });
});

test("every change reaches the right consumers' tables exactly once, and no other", async () => {
  const since = await beginAudit();
  await changesAdded(500);
  expect(await compareSourceAndSinks(since)).toBeGreaterThan(50);
});

test("what was there before the capture began was captured, too", async () => {
  await eventually("a snapshot event", async () => {
    const found = await query(
      "consumers",
      "SELECT 1 FROM car_events WHERE event_type = 'SNAPSHOT' OR operation IN ('r', 'c') LIMIT 1",
    );
    return found.length > 0;
  });
});

describe("npm run status", () => {
  test("names every process, connector and job, and is content", async () => {
    const shown = await eventually("a healthy status", async () => {
      const { status, stdout } = await millrace("status");
      return status === 0 && stdout;
    });
    for (const name of ["kafka", "connect", "registry", "postgres", "flink-jobmanager", "flink-taskmanager"]) {
      expect(shown).toMatch(new RegExp(`^${name} +ready`, "m"));
    }
    expect(shown).toMatch(/^entities +RUNNING +RUNNING +\d+ bytes of log/m);
    expect(shown).toMatch(/^to-events +RUNNING/m);
    expect(shown).toMatch(/^route-events +RUNNING/m);
    expect(shown).toMatch(/^loan-consumer +\d+ records/m);
  });
});

describe("secrets", () => {
  test("stand in no output unless asked for, no log, no command line, no state", async () => {
    const hidden = await millrace("outputs");
    expect(JSON.parse(hidden.stdout)).toMatchObject({ kafkaAdminPassword: "[secret]", postgresPassword: "[secret]" });
    const secrets = [outputs().kafkaAdminPassword, outputs().postgresPassword, ...(await passwordsInEnvironments())];
    expect(secrets.length).toBeGreaterThan(5);
    const haystack = [
      ...filesBelow(join(root, "logs")),
      ...filesBelow(join(root, "run")),
      ...filesBelow(join(projectRoot, ".millrace", "state")),
      ...(await allCommandLines()),
      deployed().stderr,
      deployed().stdout,
    ];
    for (const secret of secrets) expect(haystack.some((text) => text.includes(secret))).toBe(false);
  });

  test("only the owner may look at what is on disk", async () => {
    const mode = (await import("node:fs")).statSync(join(root, "run")).mode;
    expect(mode & 0o077).toBe(0);
  });
});

test("a user without a right to a topic is refused by the broker", async () => {
  const { withAdmin } = await import("../../infra/local/provider/kafka");
  const [password] = await passwordsInEnvironments("loan-consumer", "KAFKA_PASSWORD");
  const login = { bootstrap: outputs().kafka, username: "loan-consumer", password: String(password) };
  const topics = await withAdmin(login, (admin) => admin.listTopics());
  expect(topics.sort()).toEqual(["filtered-loan-events", "filtered-loan-events.dlq"]);
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

/** Values of secret variables in the environments of the stack's processes, where they belong. */
async function passwordsInEnvironments(only?: string, variable: string | RegExp = /PASSWORD/): Promise<string[]> {
  const processes = (await supervisorOf(root).status()) ?? [];
  const found = processes
    .filter(({ name, pid }) => pid && (!only || name === only))
    .flatMap(({ pid }) => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0"))
    .filter((entry) => new RegExp(variable).test(entry.split("=")[0] ?? ""))
    .map((entry) => entry.slice(entry.indexOf("=") + 1));
  return [...new Set(found)];
}

async function allCommandLines(): Promise<string[]> {
  const processes = (await supervisorOf(root).status()) ?? [];
  return processes.flatMap(({ pid }) => (pid ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : []));
}
