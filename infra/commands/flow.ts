import { setTimeout as delay } from "node:timers/promises";
import type { StackConfig } from "../config";
import { loopback, portsOf } from "../local/addresses";
import { lakeFiles, lakeRows } from "../local/lake";
import { withAdmin } from "../local/provider/kafka";
import { identifier, withPostgres } from "../local/provider/postgres";
import type { PipelinePlan, Plan, TableRef } from "../plan/types";

/** Rows must have reached the consumers' tables, and the lakes, within this time after the deployment. */
const limitMs = 60_000;

/**
 * Waits until every pipeline has rows in at least one of the tables and lakes it ends in.
 *
 * @returns a line for each pipeline with its counts in flow order, and whether all have rows
 */
export async function untilDataFlows(
  plan: Plan,
  config: StackConfig,
  kafkaPassword: string,
  postgresPassword: string,
): Promise<{ lines: string[]; all: boolean }> {
  const ports = portsOf(config.portBase);
  const server = { host: loopback, port: ports.postgres, user: "postgres", password: postgresPassword };
  const broker = { bootstrap: `${loopback}:${ports.kafka}`, username: "admin", password: kafkaPassword };
  const rowsOf = async ({ database, table }: TableRef): Promise<[string, number]> => {
    const count = await withPostgres(server, database, (client) =>
      client.query(`SELECT count(*)::bigint AS n FROM public.${identifier(table)}`),
    );
    return [table, Number(count.rows[0].n)];
  };
  const rows = async (refs: readonly TableRef[]) => new Map(await Promise.all(refs.map(rowsOf)));

  const lakesOf = ({ lakes }: PipelinePlan) => plan.lakes.filter(({ name }) => lakes.includes(name));

  const until = Date.now() + limitMs;
  let all = false;
  let sinks = new Map<PipelinePlan, Map<string, number>>();
  while (!all && Date.now() < until) {
    sinks = new Map();
    for (const pipeline of plan.pipelines) sinks.set(pipeline, await rows(pipeline.sinks));
    all = [...sinks].every(([pipeline, counts]) => {
      const lakes = lakesOf(pipeline);
      const ends = [
        ...[...counts.values()].map((count) => count > 0),
        ...lakes.map((lake) => lakeFiles(lake).length > 0),
      ];
      return ends.length === 0 || ends.includes(true);
    });
    if (!all) await delay(100);
  }
  const lines: string[] = [];
  for (const pipeline of plan.pipelines) {
    const [sources, topics] = await Promise.all([rows(pipeline.sources), records(broker, pipeline.topics)]);
    const lakes = lakesOf(pipeline).map(async (lake): Promise<[string, number]> => [lake.name, await lakeRows(lake)]);
    const ends = new Map([...(sinks.get(pipeline) ?? []), ...(await Promise.all(lakes))]);
    const stages = [show(sources), show(topics), show(ends)].filter(Boolean);
    lines.push(`${pipeline.name.padEnd(18)} ${stages.join("\n                 → ")}`);
  }
  if (!all)
    lines.push(
      `\nNo rows in the tables or lakes above after ${limitMs / 1000} s. Where they stop: npm run status. Why: npm run logs -- <process>.`,
    );
  return { lines, all };
}

/** How many records each topic holds, all partitions together. */
async function records(
  broker: Parameters<typeof withAdmin>[0],
  topics: readonly string[],
): Promise<Map<string, number>> {
  return withAdmin(broker, async (admin) => {
    const count = async (topic: string): Promise<[string, number]> => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return [topic, offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)];
    };
    return new Map(await Promise.all(topics.map(count)));
  });
}

const show = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([name, count]) => `${name} ${count.toLocaleString("en").replaceAll(",", " ")}`).join(" · ");
