import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { jobScript } from "../infra/local/flink";
import { request } from "../infra/local/http";
import { withResumed } from "../infra/local/job-graphs";
import { withAdmin } from "../infra/local/provider/kafka";
import { submit } from "../infra/local/supervisor/flink";
import { toolchain } from "../infra/local/toolchain";
import type { Bench, Note } from "./stack";

const rows = 100_000;
const perSecond = (count: number, ms: number) =>
  `${Math.round((count * 1000) / ms)
    .toLocaleString("en")
    .replaceAll(",", " ")}/s`;

/** What the pipeline carries at its most, beside what two of its parts reach alone in the same run. */
export async function throughput(bench: Bench, note: Note): Promise<void> {
  await bench.query("entities", 'ALTER ROLE "entities-simulator" NOLOGIN');
  await bench.query(
    "entities",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'entities-simulator'",
  );
  const count = async () => Number((await bench.query("consumers", "SELECT count(*) AS n FROM car_events"))[0]?.n);
  await settled(count);
  const before = await count();
  const since = Date.now();
  await bench.query(
    "entities",
    "INSERT INTO car_entities (car_id, vin, model, price) SELECT 'bench-' || i, 'bench-vin-' || i, 'Bench', 100 + i FROM generate_series(1, $1) AS i",
    [rows],
  );
  await bench.until(`${rows} rows in car_events`, async () => (await count()) >= before + rows);
  note("Debezium → Kafka → filters → consumers, sustained", `${perSecond(rows, Date.now() - since)} (${rows} rows)`);
  note("  beside: Kafka's own producer test, 300 B, acks=all", await producerTest(bench));
  note("  beside: Flink, raw events to a discarding sink", await discard(bench));
}

async function settled(count: () => Promise<number>): Promise<void> {
  for (let last = -1, now = await count(); now !== last; ) {
    await delay(1000);
    [last, now] = [now, await count()];
  }
}

async function producerTest(bench: Bench): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="${bench.outputs.kafkaAdminPassword}";`;
  const properties = {
    "bootstrap.servers": bench.outputs.kafka,
    acks: "all",
    "linger.ms": "5",
    "batch.size": "131072",
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "PLAIN",
    "config.providers": "env",
    "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "sasl.jaas.config": "${env:BENCH_JAAS}",
  };
  writeFileSync(
    join(folder, "producer.properties"),
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  const broker = {
    bootstrap: String(bench.outputs.kafka),
    username: "admin",
    password: String(bench.outputs.kafkaAdminPassword),
  };
  await withAdmin(broker, (admin) =>
    admin.createTopics({ topics: [{ topic: "bench", numPartitions: 3, replicationFactor: 1 }] }),
  );
  const tools = toolchain();
  const { stdout } = await promisify(execFile)(
    tools.java,
    [
      "-Xmx256m",
      "-cp",
      `${tools.kafkaLibs}/*`,
      "org.apache.kafka.tools.ProducerPerformance",
      "--topic",
      "bench",
      "--num-records",
      "2000000",
      "--record-size",
      "300",
      "--throughput",
      "-1",
      "--producer.config",
      join(folder, "producer.properties"),
    ],
    { env: { ...process.env, BENCH_JAAS: login }, maxBuffer: 2 ** 24 },
  );
  await withAdmin(broker, (admin) => admin.deleteTopics({ topics: ["bench"] }));
  rmSync(folder, { recursive: true });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return `${Math.round(Number(/([\d.]+) records\/sec/.exec(last)?.[1]))
    .toLocaleString("en")
    .replaceAll(",", " ")}/s`;
}

/** Reads everything in `raw-business-events` once, parsed, into a sink that drops it. */
async function discard(bench: Bench): Promise<string> {
  const script = await bench.run("sql", ["route-events"]);
  // The table of all records, and the view of those that can be read.
  const source = script
    .split(/;\n+(?=[A-Z])/)
    .filter((statement) => /^CREATE TEMPORARY (TABLE `records of|VIEW) ?`?raw-business-events`/.test(statement))
    .map((statement) =>
      statement.replace(
        /'scan.startup.mode' = 'group-offsets'/,
        "'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'",
      ),
    );
  if (source.length !== 2)
    throw new Error(`route-events reads raw-business-events by ${source.length} statements, not 2`);
  const statements = [
    "SET 'pipeline.name' = 'bench-discard'",
    ...source,
    "CREATE TABLE discarded (name STRING, amount STRING) WITH ('connector' = 'blackhole')",
    "EXECUTE STATEMENT SET BEGIN INSERT INTO discarded SELECT eventHeader.eventName, eventBody.entities[1].updatedAttributes['price'] FROM `raw-business-events`; END",
  ];
  const discarding = jobScript({ name: "bench-discard", statements });
  const jobId = await withResumed(discarding, undefined, (graph) => submit(String(bench.outputs.flink), graph));
  type Job = {
    state: string;
    duration: number;
    vertices: { name: string; metrics: Record<string, number>; duration: number }[];
    timestamps: Record<string, number>;
  };
  let job: Job | undefined;
  await bench.until("the discarding job to finish", async () => {
    job = await request<Job>("GET", `${bench.outputs.flink}/jobs/${jobId}`);
    return job.state === "FINISHED";
  });
  const broker = {
    bootstrap: String(bench.outputs.kafka),
    username: "admin",
    password: String(bench.outputs.kafkaAdminPassword),
  };
  const offsets = await withAdmin(broker, (admin) => admin.fetchTopicOffsets("raw-business-events"));
  const records = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  const { RUNNING = 0, FINISHED = 0 } = job?.timestamps ?? {};
  return `${perSecond(records, FINISHED - RUNNING)} (${records} events)`;
}
