import { request } from "../../infra/local/http";
import { supervisorOf } from "../../infra/local/supervisor/client";
import type { JobStatus } from "../../infra/local/supervisor/jobs";
import { changesAdded, compareSourceAndSinks, goOn } from "./support/compare";
import { garbageFor, type Letter, type Placed, place, readAll } from "./support/garbage";
import { eventually, outputs, processNamed, root } from "./support/stack";
import { beginAudit } from "./support/truth";

// Also after a comparison that failed: the tests behind it have a right to changes of their own.
afterEach(goOn);

/** Every topic that a job or an app reads, with its partitions, and one whose records have another schema. */
const topics = [
  { topic: "entities.public.car_entities", partitions: 1, foreign: "entities.public.loan_entities" },
  { topic: "entities.public.loan_entities", partitions: 1, foreign: "entities.public.service_record" },
  { topic: "entities.public.service_record", partitions: 1, foreign: "raw-business-events" },
  { topic: "raw-business-events", partitions: 3, foreign: "entities.public.car_entities" },
  { topic: "filtered-loan-events", partitions: 3, foreign: "entities.public.car_entities" },
  { topic: "filtered-service-events", partitions: 3, foreign: "raw-business-events" },
  { topic: "filtered-car-events", partitions: 3, foreign: "entities.public.loan_entities" },
];

const places = (letters: readonly Letter[]) => letters.map(placeOf);
const placeOf = ({ headers }: Letter) => `${headers["origin-partition"]}/${headers["origin-offset"]}`;

/** A group of consumers takes seconds to come together: all at once. */
const ofEach = async <T>(work: (topic: string) => Promise<T>) =>
  new Map(await Promise.all(topics.map(async ({ topic }) => [topic, await work(topic)] as const)));

/** Starts of each job, also those that nobody but Flink saw: its id, and when it last failed. Flink's metric of restarts lags behind by as long as nobody asks. */
async function starts(): Promise<Record<string, unknown>> {
  const jobs = (await supervisorOf(root).callIfRunning<JobStatus[]>({ method: "jobs" })) ?? [];
  const failures = jobs.map(async ({ name, jobId }) => {
    type Answer = { exceptionHistory: { entries: { timestamp: number }[] } };
    const { exceptionHistory } = await request<Answer>("GET", `${outputs().flink}/jobs/${jobId}/exceptions`);
    return [name, `${jobId} ${exceptionHistory.entries[0]?.timestamp ?? "never"}`];
  });
  return Object.fromEntries(await Promise.all(failures));
}
const pidsOf = async () =>
  Object.fromEntries(((await supervisorOf(root).status()) ?? []).map(({ name, pid }) => [name, pid]));

test("garbage in every topic, under load: each is in its dead letter, and nothing else is touched", async () => {
  const before = await ofEach((topic) => readAll(`${topic}.dlq`));
  const [jobs, pids] = [await starts(), await pidsOf()];
  const since = await beginAudit();
  await changesAdded(50);

  const placed = new Map<string, Placed[]>();
  for (const { topic, partitions, foreign } of topics) {
    const all = await garbageFor(topic, foreign);
    placed.set(topic, await place(topic, partitions, all));
  }
  await changesAdded(200);

  for (const { topic } of topics) {
    const garbage = placed.get(topic) ?? [];
    const former = new Set(places(before.get(topic) ?? []));
    const wanted = garbage.map(({ partition, offset }) => `${partition}/${offset}`);
    const letters = await eventually(`${wanted.length} dead letters of ${topic}`, async () => {
      const found = (await readAll(`${topic}.dlq`)).filter((letter) => !former.has(placeOf(letter)));
      return wanted.every((one) => places(found).includes(one)) && found;
    });
    // Once each, because nothing was restarted.
    expect({ topic, places: places(letters).sort() }).toEqual({ topic, places: wanted.sort() });
    for (const { kind, value, key, partition, offset, reason } of garbage) {
      const letter = letters.find((one) => placeOf(one) === `${partition}/${offset}`) as Letter;
      expect({ kind, topic, same: letter.value?.equals(value as Buffer) }).toEqual({ kind, topic, same: true });
      expect({ kind, topic, same: key ? letter.key?.equals(key) : letter.key === null }).toEqual({
        kind,
        topic,
        same: true,
      });
      expect({ kind, topic, reason: letter.headers.reason }).toEqual({
        kind,
        topic,
        reason: expect.stringMatching(reason),
      });
      expect(letter.headers).toMatchObject({ "origin-topic": topic, from: kind });
      expect(Number(letter.headers["origin-timestamp"])).toBeGreaterThan(1_600_000_000_000);
    }
  }
  await compareSourceAndSinks(since, 120_000);
  expect(await starts()).toEqual(jobs);
  expect(await pidsOf()).toEqual(pids);
});

test("a record without a value is no event and no garbage: it is passed over", async () => {
  const since = await beginAudit();
  const jobs = await starts();
  const nothing = { kind: "no value", value: null, reason: /./ };
  for (const topic of ["entities.public.car_entities", "raw-business-events"]) await place(topic, 1, [nothing]);
  await changesAdded(50);
  await compareSourceAndSinks(since);
  expect(await starts()).toEqual(jobs);
});

test("while the registry is away, what it would have to be asked about is no garbage: the job tries again", async () => {
  const topic = "raw-business-events";
  const former = new Set(places(await readAll(`${topic}.dlq`)));
  const since = await beginAudit();
  const { pid } = await processNamed("registry");
  process.kill(pid as number, "SIGKILL");
  const value = Buffer.from([0, 0x70, 0, 0, 1, 2, 3]);
  const [placed] = await place(topic, 1, [{ kind: "a schema to ask for", value, reason: /./ }]);
  await changesAdded(100);
  await eventually("the registry runs again", async () => {
    const now = await processNamed("registry");
    return now.pid !== pid && now.state === "ready";
  });
  const letters = await eventually("its dead letter", async () => {
    const found = (await readAll(`${topic}.dlq`)).filter((letter) => !former.has(placeOf(letter)));
    return found.length > 0 && found;
  });
  // At least once: the job may have begun again behind it. Nothing but the registry's own word is a reason.
  expect(new Set(places(letters))).toEqual(new Set([`${placed?.partition}/${placed?.offset}`]));
  for (const { headers } of letters) expect(headers.reason).toMatch(/schema with id 1879048193/);
  await compareSourceAndSinks(since, 120_000);
});
