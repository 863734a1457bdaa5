import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigResourceTypes, Kafka, logLevel } from "kafkajs";
import { readConfig, valuesOf } from "../../infra/config";
import { processPorts } from "../../infra/local/addresses";
import { request } from "../../infra/local/http";
import { withAdmin } from "../../infra/local/provider/kafka";
import { supervisorOf } from "../../infra/local/supervisor/client";
import { projectRoot } from "../../infra/paths";
import definition from "../../infra/plan/connectors/debezium-postgres.json";
import { planFor } from "../../infra/program";
import { configFile, eventually, millrace, outputs, processNamed, query, root, stackName } from "./support/stack";

/** What was changed by hand behind the platform's back is seen, and the next up mends it. */
const broker = () => ({ bootstrap: outputs().kafka, username: "admin", password: outputs().kafkaAdminPassword });

async function mended(resource: RegExp): Promise<void> {
  const { status, stderr } = await millrace("up");
  expect(stderr).toMatch(resource);
  expect(status).toBe(0);
  expect((await millrace("up")).stderr).toMatch(/^up: nothing to change/m);
}

test("a topic whose configuration was changed by hand gets its own back", async () => {
  const topic = "filtered-car-events";
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  await withAdmin(broker(), (admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [{ ...resource, configEntries: [{ name: "retention.ms", value: "1234567" }] }],
    }),
  );
  await mended(/update +Topic +filtered-car-events/);
  const { resources } = await withAdmin(broker(), (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [resource] }),
  );
  const retention = resources[0]?.configEntries.find((entry) => entry.configName === "retention.ms");
  expect(retention?.configValue).toBe("604800000");
});

test("a topic that was deleted by hand is made again", async () => {
  await withAdmin(broker(), (admin) => admin.deleteTopics({ topics: ["filtered-car-events.dlq"] }));
  await mended(/create +Topic +filtered-car-events\.dlq/);
});

test("a connector that was deleted is made again, and goes on where it was", async () => {
  await request("DELETE", `${outputs().kafkaConnect}/connectors/entities`);
  await mended(/create +Connector +entities/);
  const status = await request<{ connector: { state: string } }>(
    "GET",
    `${outputs().kafkaConnect}/connectors/entities/status`,
  );
  expect(status.connector.state).toBe("RUNNING");
});

test("a job that was cancelled by hand comes back by itself", async () => {
  type Overview = { jobs: { jid: string; name: string; state: string }[] };
  const jobs = await request<Overview>("GET", `${outputs().flink}/jobs/overview`);
  const job = jobs.jobs.find((one) => one.name === "route-events" && one.state === "RUNNING");
  await request("PATCH", `${outputs().flink}/jobs/${job?.jid}?mode=cancel`);
  await eventually("route-events runs under another id", async () => {
    const now = await request<Overview>("GET", `${outputs().flink}/jobs/overview`);
    return now.jobs.some((one) => one.name === "route-events" && one.state === "RUNNING" && one.jid !== job?.jid);
  });
});

test("grants that were given or taken by hand are as declared again", async () => {
  await query("consumers", 'GRANT SELECT ON car_events TO "loan-consumer"');
  await mended(/update +Role +loan-consumer/);
  const [found] = await query<{ may: boolean }>(
    "consumers",
    "SELECT has_table_privilege('loan-consumer', 'car_events', 'SELECT') AS may",
  );
  expect(found?.may).toBe(false);
});

test("a level that was changed by hand is as declared again", async () => {
  const url = `${outputs().schemaRegistry}/apis/ccompat/v7/config/raw-business-events-value`;
  await request("PUT", url, { compatibility: "NONE" });
  await mended(/update +Subject +raw-business-events-value/);
  expect(await request("GET", url)).toMatchObject({ compatibilityLevel: "FULL" });
});

test("a process can be restarted by name; an unknown one names the near match", async () => {
  const { pid } = await processNamed("car-consumer");
  expect((await millrace("restart", ["car-consumer"])).stdout).toMatch("car-consumer restarted");
  expect((await processNamed("car-consumer")).pid).not.toBe(pid);
  const unknown = await millrace("restart", ["car-consumr"]);
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toMatch(/fix +npm run restart -- car-consumer/);
  expect(unknown.stderr).not.toMatch(/^\s+at /m);
});

test("the options that previews check are those of the running connector", async () => {
  type Option = { name: string; type: string };
  const options = await request<Option[]>(
    "GET",
    `${outputs().kafkaConnect}/connector-plugins/${definition.connector}/config`,
  );
  const real = Object.fromEntries(
    options.filter(({ name }) => !name.startsWith("internal.")).map(({ name, type }) => [name, type]),
  );
  const checked = Object.fromEntries(Object.entries(definition.options).map(([name, { type }]) => [name, type]));
  expect(checked).toEqual(real);
});

test("an incremental snapshot can be asked for by a signal", async () => {
  const rows = async () => {
    const [row] = await query("consumers", "SELECT count(*) AS n FROM car_events WHERE event_type = 'SNAPSHOT'");
    return Number(row?.n);
  };
  // Those of the first snapshot; what came since is stored under its change.
  const before = await rows();
  const kafka = new Kafka({
    brokers: [outputs().kafka],
    sasl: { mechanism: "plain", username: "admin", password: outputs().kafkaAdminPassword },
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer();
  await producer.connect();
  const value = {
    type: "execute-snapshot",
    data: { "data-collections": ["public.car_entities"], type: "INCREMENTAL" },
  };
  // Debezium gives one up without being asked to at times: then it is asked again, as docs/runbooks/incremental-snapshot.md says.
  let asked = 0;
  await eventually(
    "more rows of a snapshot in car_events",
    async () => {
      if (Date.now() - asked > 40_000) {
        asked = Date.now();
        const messages = [{ key: "entities", value: JSON.stringify(value) }];
        await producer.send({ topic: "entities.signals", messages });
      }
      return (await rows()) > before + 10;
    },
    160_000,
  );
  await producer.disconnect();
});

/** The project's own files are changed, and put back. */
async function withEdits<T>(edits: Readonly<Record<string, [from: string, to: string]>>, work: () => Promise<T>) {
  const texts = Object.keys(edits).map((file) => [
    join(projectRoot, file),
    readFileSync(join(projectRoot, file), "utf8"),
  ]);
  try {
    for (const [index, [from, to]] of Object.values(edits).entries()) {
      const [file = "", text = ""] = texts[index] ?? [];
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      writeFileSync(file, text.replace(from, to));
    }
    return await work();
  } finally {
    for (const [file = "", text = ""] of texts) writeFileSync(file, text);
  }
}

test("a preview names every mistake at once: of the files, against what is deployed, and of the machine", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await eventually("a server of somebody else listens", async () => other.listening);
  const { port } = other.address() as { port: number };
  const config = join(tmpdir(), `millrace-mistakes-${process.pid}.yaml`);
  writeFileSync(config, `config:\n  millrace:portBase: ${port - 92}\n`);
  const field = '"name": "eventName"';
  const edits: Record<string, [string, string]> = {
    "migrations/entities/0001_entities.sql": ["CREATE TABLE", "-- changed\nCREATE TABLE"],
    "schemas/business-events/business-event.avsc": [field, '"name": "eventTitle"'],
    "flink-jobs/filters.yaml": ["operator: greaterThan", "operator: above"],
    "infra/pipelines/business-events.ts": ['key: "', 'partitions: 1, key: "'],
  };
  const { status, stderr } = await withEdits(edits, () => millrace("preview", [], config));
  other.close();
  rmSync(config);
  expect(stderr).toMatch(/migrations\/entities\/0001_entities\.sql +database entities › files: .*its text has changed/);
  expect(stderr).toMatch(/subject raw-business-events-value › schema: .*breaks it at eventHeader\.eventTitle/);
  expect(stderr).toMatch(/flink-jobs\/filters\.yaml:\d+ .*\n +given +"above"/);
  expect(stderr).toMatch(/topic [\w.-]+ › partitions: .*\n +given +1\n +allowed +3 or more/);
  expect(stderr).toMatch(new RegExp(`Port ${port} of kafka is in use by process ${process.pid} \\(`));
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(status).toBe(1);
});

test("the ports that a preview looks at are those of the processes", async () => {
  const running = (await supervisorOf(root).status()) ?? [];
  const config = readConfig(valuesOf(readFileSync(configFile, "utf8")), configFile);
  const looked = processPorts(config.portBase, await planFor(stackName, config));
  expect(Object.fromEntries(looked)).toEqual(Object.fromEntries(running.map(({ name, ports }) => [name, ports])));
});
