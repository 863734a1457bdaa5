import { readConfig, type StackConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import { loopback, portsOf } from "../local/addresses";
import { lastCause, request } from "../local/http";
import { withAdmin } from "../local/provider/kafka";
import { withPostgres } from "../local/provider/postgres";
import { supervisorOf } from "../local/supervisor/client";
import type { JobStatus } from "../local/supervisor/jobs";
import type { ProcessStatus } from "../local/supervisor/protocol";
import { deadLetterOf } from "../model";
import { stackRoot } from "../paths";
import { openStack } from "../workspace";

type Row = readonly string[];

/**
 * Prints each process, connector, job and consumer group. What cannot be asked says so and does not hide the rest.
 *
 * @returns 1 when anything is not as it should be
 */
export async function status({ stack, configFile, configText }: Invocation): Promise<number> {
  const config = readConfig(valuesOf(configText), configFile, configText);
  const supervisor = supervisorOf(stackRoot(stack));
  const processes = await supervisor.status();
  if (!processes) {
    process.stdout.write(
      `Stack ${stack} does not run: no supervisor. Processes that outlived it are adopted by npm run up.\n`,
    );
    return 1;
  }
  const outputs = await (await openStack(stack, configText, async () => ({}))).outputs();
  const password = (name: string) => String(outputs[name]?.value ?? "");
  const jobs = (await supervisor.callIfRunning<JobStatus[]>({ method: "jobs" })) ?? [];
  const [connectors, lags, letters] = await Promise.all([
    connectorRows(config, password("postgresPassword")).catch(unreachable),
    groupLags(config, password("kafkaAdminPassword")).catch(() => new Map<string, number>()),
    deadLetterRows(config, password("kafkaAdminPassword")).catch(unreachable),
  ]);
  table(["PROCESS", "STATE", "UP", "RESTARTS", "MEMORY", "PORT", "LAST EXIT"], processes.map(processRow));
  table(["CONNECTOR", "STATE", "TASKS", "LAG", "ERROR"], connectors);
  table(
    ["JOB", "STATE", "UP", "RESUBMITTED", "LAG", "ERROR"],
    jobs.map((job) => jobRow(job, lags)),
  );
  table(
    ["CONSUMER GROUP", "LAG"],
    [...lags].filter(([group]) => !group.startsWith("flink-")).map(([group, lag]) => [group, `${lag} records`]),
  );
  const archive = await archiveRows(config, password("postgresPassword")).catch(unreachable);
  table(["ARCHIVE", "STATE", "LAST SEGMENT", "ERROR"], archive);
  table(["DEAD LETTER", "RECORDS"], letters);
  const memory = processes.reduce((sum, { rssBytes = 0 }) => sum + rssBytes, 0);
  process.stdout.write(`${megabytes(memory)} resident in all\n`);
  const healthy =
    processes.every((one) => one.state === "ready") &&
    jobs.every((job) => job.state === "RUNNING") &&
    connectors.every((row) => row[1] === "RUNNING") &&
    archive.every((row) => row[1] === "ARCHIVING");
  return healthy ? 0 : 1;
}

function processRow({ name, state, startedAt, restarts, rssBytes, ports, lastExit }: ProcessStatus): Row {
  return [
    name,
    state,
    since(startedAt),
    String(restarts),
    rssBytes ? megabytes(rssBytes) : "",
    ports.join(" "),
    lastExit ?? "",
  ];
}

function jobRow({ name, state, startedAt, resubmissions, error }: JobStatus, lags: ReadonlyMap<string, number>): Row {
  const lag = lags.get(`flink-${name}`);
  return [name, state, since(startedAt), String(resubmissions), lag === undefined ? "" : `${lag} records`, error ?? ""];
}

/** Each connector with its tasks' states, the log that Postgres keeps back for it, and why it failed. */
async function connectorRows(config: StackConfig, postgresPassword: string): Promise<Row[]> {
  type Status = { connector: { state: string }; tasks: { state: string; trace?: string }[] };
  const ports = portsOf(config.portBase);
  const url = `http://${loopback}:${ports.connect}/connectors?expand=status&expand=info`;
  const all = await request<Record<string, { status: Status; info: { config: Record<string, string> } }>>(
    "GET",
    url,
    undefined,
    5000,
  );
  const server = { host: loopback, port: ports.postgres, user: "postgres", password: postgresPassword };
  const slots = await withPostgres(server, "postgres", async (client) => {
    const found = await client.query(
      "SELECT slot_name, active, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint AS behind FROM pg_replication_slots",
    );
    return new Map(found.rows.map((row) => [row.slot_name as string, row]));
  }).catch(() => new Map());
  return Object.entries(all).map(([name, { status, info }]) => {
    const states = [status.connector.state, ...status.tasks.map((task) => task.state)];
    const trace = status.tasks.find((task) => task.trace)?.trace;
    const slot = slots.get(info.config["slot.name"] ?? "");
    const state = states.find((one) => one !== "RUNNING") ?? (status.tasks.length === 0 ? "UNASSIGNED" : "RUNNING");
    const lag = slot ? `${slot.behind} bytes of log${slot.active ? "" : ", slot idle"}` : "";
    return [name, state, status.tasks.map((task) => task.state).join(" "), lag, trace ? lastCause(trace) : ""];
  });
}

/** Whether Postgres' log reaches the backup; none when the stack has no backups. */
async function archiveRows(config: StackConfig, password: string): Promise<Row[]> {
  if (config.backup === "") return [];
  const server = { host: loopback, port: portsOf(config.portBase).postgres, user: "postgres", password };
  const { rows } = await withPostgres(server, "postgres", (client) =>
    client.query(
      `SELECT current_setting('archive_mode') AS mode, last_archived_time AS last, last_failed_wal AS failed,
              last_failed_time > coalesce(last_archived_time, '-infinity') AS failing FROM pg_stat_archiver`,
    ),
  );
  const [{ mode, last, failed, failing }] = rows;
  if (mode !== "on") return [[config.backup, "OFF", "", "npm run up turns it on"]];
  const ago = last ? `${since(last.getTime())} ago` : "none yet";
  return [
    [config.backup, failing ? "FAILING" : "ARCHIVING", ago, failing ? `${failed}: npm run logs -- postgres` : ""],
  ];
}

/** Records that each consumer group has not confirmed yet. */
async function groupLags(config: StackConfig, password: string): Promise<Map<string, number>> {
  const broker = { bootstrap: `${loopback}:${portsOf(config.portBase).kafka}`, username: "admin", password };
  return withAdmin(broker, async (admin) => {
    const { groups } = await admin.listGroups();
    const lags = new Map<string, number>();
    for (const { groupId } of groups.sort((a, b) => a.groupId.localeCompare(b.groupId))) {
      const committed = await admin.fetchOffsets({ groupId });
      if (committed.length === 0) continue;
      let lag = 0;
      for (const { topic, partitions } of committed) {
        const ends = await admin.fetchTopicOffsets(topic);
        for (const { partition, offset } of partitions) {
          const end = ends.find((known) => known.partition === partition);
          if (end) lag += Number(end.high) - Math.max(Number(offset), Number(end.low));
        }
      }
      lags.set(groupId, lag);
    }
    return lags;
  });
}

/** Those that hold anything. */
async function deadLetterRows(config: StackConfig, password: string): Promise<Row[]> {
  const broker = { bootstrap: `${loopback}:${portsOf(config.portBase).kafka}`, username: "admin", password };
  return withAdmin(broker, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.endsWith(deadLetterOf(""))).sort();
    const counts = await Promise.all(
      topics.map(async (topic) => {
        const offsets = await admin.fetchTopicOffsets(topic);
        return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
      }),
    );
    return topics.flatMap((topic, i) => (counts[i] ? [[topic, String(counts[i])]] : []));
  });
}

const unreachable = (error: Error): Row[] => [["", "UNREACHABLE", "", "", error.message.split("\n")[0] ?? ""]];
const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;

function since(startedAt: number | undefined): string {
  if (startedAt === undefined) return "";
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}h ${minutes}m` : minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

/** Columns as wide as their widest cell; the last one, which may hold a whole message, as it is. */
function table(head: Row, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: Row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  process.stdout.write(`${[head, ...rows].map((row) => line(row).trimEnd()).join("\n")}\n\n`);
}
