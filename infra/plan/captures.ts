import type { Capture, Pipeline } from "../model";
import { checkConnectorOptions } from "./connector-options";
import type { Problem } from "./problems";
import { schemaOptions } from "./shape/debezium-schema";
import { heartbeatPrefix, heartbeatTopic, placeOf, signalTopic } from "./topics";
import type { CapturePlan, DatabasePlan } from "./types";

const connectorClass = "io.debezium.connector.postgresql.PostgresConnector";
/** Heartbeats written for the log's sake carry this prefix, and are not published. */
const heartbeatMessage = "millrace-heartbeat";

/** A capture as a Debezium connector, without the addresses and credentials of a target. */
export function planCapture(
  pipeline: Pipeline,
  capture: Capture,
  database: DatabasePlan,
): { capture: CapturePlan; problems: Problem[] } {
  const place = placeOf(pipeline, capture);
  const slot = `millrace_${capture.name.replace(/[^a-z0-9]/g, "_")}`;
  const publication = slot;
  const own: Record<string, string> = {
    "connector.class": connectorClass,
    "tasks.max": "1",
    "topic.prefix": capture.name,
    "plugin.name": "pgoutput",
    "slot.name": slot,
    "publication.name": publication,
    // The publication is a resource of its own, so that the capture's role needs no right to make one.
    "publication.autocreate.mode": "disabled",
    "table.include.list": capture.args.tables.map((table) => `public.${table}`).join(","),
    "snapshot.mode": "initial",
    ...schemaOptions,
    // Deletes are events; nobody compacts these topics.
    "tombstones.on.delete": "false",
    // An idle table must not hold back the log: write to it, and confirm what was read.
    "heartbeat.interval.ms": "10000",
    "heartbeat.action.query": `SELECT pg_logical_emit_message(false, '${heartbeatMessage}', now()::text)`,
    "message.prefix.exclude.list": heartbeatMessage,
    "heartbeat.topics.prefix": heartbeatPrefix,
    // 10 ms instead of 500: it dominates the latency from row to topic.
    "poll.interval.ms": "10",
    // Incremental snapshots are asked for by a record on the signal topic and write nothing to the database.
    "read.only": "true",
    "signal.enabled.channels": "kafka",
    "signal.kafka.topic": signalTopic(capture.name),
    "errors.max.retries": "-1",
    "retriable.restart.connector.wait.ms": "1000",
  };
  const problems = checkTables(capture, database, place);
  const options = Object.fromEntries(
    Object.entries(capture.args.options ?? {}).map(([key, value]) => [key, String(value)]),
  );
  problems.push(...checkConnectorOptions(connectorClass, options, Object.keys(own), `${place} › options`));
  return {
    capture: {
      name: capture.name,
      database: database.name,
      tables: capture.args.tables,
      publication,
      slot,
      connectorClass,
      config: { ...own, ...options },
      topics: [...capture.streams.map((stream) => stream.name), heartbeatTopic(capture.name)],
    },
    problems,
  };
}

function checkTables(capture: Capture, database: DatabasePlan, place: string): Problem[] {
  const problems: Problem[] = [];
  for (const name of capture.args.tables) {
    const table = database.tables.find((known) => known.name === name);
    if (!table) continue; // said with every other table that does not exist
    if (table.primaryKey.length === 0) {
      problems.push({
        path: `${place} › tables`,
        message: `Table ${name} has no primary key: its changes could not be told apart.`,
        fix: `Give it one in migrations/${database.name}/.`,
      });
    }
    if (!table.replicaIdentityFull) {
      problems.push({
        path: `${place} › tables`,
        message: `Table ${name} does not log the row as it was before a change, so no event could say what changed.`,
        fix: `Add to migrations/${database.name}/: ALTER TABLE ${name} REPLICA IDENTITY FULL;`,
      });
    }
  }
  return problems;
}
