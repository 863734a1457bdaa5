import { supervisorOf } from "../../infra/local/supervisor/client";
import { eventually, millrace, processNamed, query, root } from "./support/stack";

interface Prefix {
  readonly run: string;
  /** Records of the run with a lower number. */
  readonly records: number;
  readonly tick: number;
}

/** What the manifest says now: it is written before anything is sent. */
async function manifest(): Promise<Prefix> {
  const [last] = await query<{ run: string; tick: string; records: string }>(
    "upi",
    "SELECT run, tick, first_record + records AS records FROM generator_manifest ORDER BY at DESC, tick DESC LIMIT 1",
  );
  return { run: String(last?.run), tick: Number(last?.tick), records: Number(last?.records) };
}

/** Number and rupees by day and status, as sent and as stored: of everything that the manifest had then. */
async function sent({ run, tick }: Prefix) {
  return query(
    "upi",
    `SELECT day, status, sum((v ->> 0)::bigint)::text AS payments, (sum((v ->> 1)::numeric) / 100)::numeric(22, 2)::text AS amount
     FROM generator_manifest, jsonb_each(sums -> 'days') AS d (day, statuses), jsonb_each(statuses) AS s (status, v)
     WHERE run = $1 AND tick <= $2 GROUP BY day, status ORDER BY day, status`,
    [run, tick],
  );
}
async function stored({ run, records }: Prefix) {
  return query(
    "upi",
    `SELECT (event_time AT TIME ZONE 'Asia/Kolkata')::date::text AS day, status, count(*)::text AS payments, sum(amount)::text AS amount
     FROM clean_upi_transactions WHERE txn_id LIKE '%' || $1 || '%' AND right(txn_id, 12)::bigint < $2 GROUP BY 1, 2 ORDER BY 1, 2`,
    [run, records],
  );
}

async function sentAfter(count: number): Promise<Prefix> {
  const before = await manifest();
  return eventually(`${count} more payments`, async () => {
    const now = await manifest();
    return now.records >= before.records + count && now;
  });
}

async function kill(name: string): Promise<void> {
  const { pid } = await processNamed(name);
  process.kill(pid as number, "SIGKILL");
  await eventually(`${name} runs again`, async () => {
    const now = await processNamed(name);
    return now.pid !== pid && now.state === "ready";
  });
}

test("each payment is stored once, to the last paisa, whatever is killed, sent twice, or late", async () => {
  for (const name of ["upi-generator", "upi-clean-loader", "upi-raw-loader", "flink-taskmanager"]) {
    await sentAfter(40);
    await kill(name);
  }
  const all = await sentAfter(40);
  const wanted = await sent(all);
  expect(wanted.length).toBeGreaterThan(0);
  await eventually(
    "the same payments in the table as in the manifest",
    async () => {
      expect(await stored(all)).toEqual(wanted);
      return true;
    },
    120_000,
  );
  // Each record of the topic, as it came, once.
  const [raw] = await query(
    "upi",
    "SELECT count(*)::text AS all, count(DISTINCT (record_partition, record_offset))::text AS once FROM raw_upi_transactions",
  );
  expect(raw?.all).toBe(raw?.once);
});

test("npm run schedule shows what runs by the clock, and runs it for days gone by", async () => {
  const ran = await millrace("schedule", ["run", "upi-partitions", "--for", "2026-01-01"]);
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/^2026-01-01 +\d+ rows$/m) });
  const { stdout } = await millrace("schedule");
  expect(stdout).toMatch(/^daily-upi-aggregation +0 0 \* \* \* Asia\/Kolkata +next \d{4}/m);
  expect(stdout).toMatch(/^ +for 2026-01-01 .*rows +backfill$/m);
  expect((await supervisorOf(root).status())?.find(({ name }) => name === "upi-partitions")?.state).toBe("ready");
});
