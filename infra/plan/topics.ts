import { isDeepStrictEqual } from "node:util";
import {
  type Capture,
  type Database,
  type Duration,
  deadLetterOf,
  type Part,
  type Pipeline,
  type Readable,
  type Topic,
  type Writable,
} from "../model";
import { durationWords, milliseconds } from "./duration";
import { nearest, type Problem } from "./problems";
import type { TopicPlan } from "./types";

const day = 86_400_000;
/** Kafka's limit, and its characters; `.` and `..` would be folders. */
const legalName = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** A topic's declaration with its defaults, which stand here and nowhere else. */
const sizeOf = ({ partitions = 3, retention = "7 days" }: Topic["args"]) => ({ partitions, retention });
const captureSizeOf = ({ partitions = 1, retention = "7 days" }: Capture["args"]) => ({ partitions, retention });

export interface PartFlow {
  readonly reads: readonly Readable[];
  readonly writes: readonly Writable[];
  /** Names of dead letters. */
  readonly rejects: readonly string[];
}

/** What a part reads, writes and rejects to, whatever kind it is. An app says what it rejects; a job has a dead letter for each topic that it reads. */
export function flowOf(part: Part): PartFlow {
  switch (part.kind) {
    case "capture":
      return { reads: part.streams.map((stream) => stream.table), writes: [], rejects: [] };
    case "routing":
      return { reads: [part.args.reads], writes: part.args.writes, rejects: [deadLetterOf(part.args.reads.name)] };
    case "flink job": {
      const { reads = [], writes = [] } = part.args;
      const topics = reads.filter((end) => end.kind !== "table");
      return { reads, writes, rejects: topics.map(({ name }) => deadLetterOf(name)) };
    }
    default: {
      const { reads = [], writes = [], rejects } = part.args;
      return { reads, writes, rejects: rejects ? [rejects.name] : [] };
    }
  }
}

/** Every database that any part touches, by name. */
export function databasesOf(pipelines: readonly Pipeline[]): Map<string, Database> {
  const used = new Map<string, Database>();
  for (const part of pipelines.flatMap(({ parts }) => parts)) {
    if (part.kind === "capture") used.set(part.database.name, part.database);
    if (part.kind === "stand-in" && part.plays.kind === "database") used.set(part.plays.name, part.plays);
    const { reads, writes } = flowOf(part);
    for (const end of [...reads, ...writes]) if (end.kind === "table") used.set(end.database.name, end.database);
  }
  return used;
}

export const placeOf = (pipeline: Pipeline, part: { name: string }) => `${pipeline.name} › ${part.name}`;

/** Every topic that any pipeline names, once, and what is wrong with how they are declared. */
export function planTopics(pipelines: readonly Pipeline[]): {
  declared: Map<string, Topic>;
  topics: TopicPlan[];
  problems: Problem[];
} {
  const problems: Problem[] = [];
  const declared = new Map<string, Topic>();
  const declaredAt = new Map<string, string>();
  const derivedAt = new Map<string, string>();
  const topics = new Map<string, TopicPlan>();
  const writers = new Map<string, string>();
  const readers = new Map<string, string>();

  for (const pipeline of pipelines) {
    for (const part of pipeline.parts) {
      const place = placeOf(pipeline, part);
      const flow = flowOf(part);
      for (const end of [...flow.reads, ...flow.writes]) {
        if (end.kind === "topic") declare(end, place);
      }
      if ("rejects" in part.args && part.args.rejects) declare(part.args.rejects.of, place);
      for (const name of flow.rejects) {
        derive({ name, partitions: 1, config: { ...deletion(30 * day), ...roomForHeaders } }, place);
      }
      if (part.kind === "capture") {
        const { partitions, retention } = captureSizeOf(part.args);
        checkSize(partitions, retention, place);
        for (const { name } of part.streams) checkName(name, `${place} › tables`);
        for (const topic of captureTopics(part)) derive(topic, place);
      }
      for (const end of flow.writes) if (end.kind === "topic") writers.set(end.name, place);
      if (part.kind === "capture") for (const stream of part.streams) writers.set(stream.name, place);
      for (const end of flow.reads) if (end.kind !== "table") readers.set(end.name, place);
    }
  }

  for (const [name, place] of readers) {
    if (writers.has(name)) continue;
    const meant = nearest(name, writers.keys());
    problems.push({
      path: `${place} › reads`,
      message: `Topic ${name} is read, and nobody writes it.`,
      given: name,
      allowed: [...writers.keys()],
      fix: meant ? `Did you mean ${meant}? Otherwise let a part write it.` : "Let a part write it.",
    });
  }
  for (const [name, place] of derivedAt) {
    if (!declared.has(name)) continue;
    problems.push({
      path: `${declaredAt.get(name)} › topic ${name}`,
      message: `Topic ${name} comes with ${place} already.`,
      given: name,
      fix: "Give the declared topic another name.",
    });
  }
  return { declared, topics: [...topics.values()], problems };

  /** A topic that nobody declares, because it follows from a part. */
  function derive(topic: TopicPlan, place: string): void {
    topics.set(topic.name, topic);
    if (!derivedAt.has(topic.name)) derivedAt.set(topic.name, place);
  }

  function declare(topic: Topic, place: string): void {
    const known = declared.get(topic.name);
    if (known === topic) return;
    if (known) {
      const [former, now] = [
        { ...known.args, ...sizeOf(known.args) },
        { ...topic.args, ...sizeOf(topic.args) },
      ];
      for (const key of ["schema", "key", "partitions", "retention"] as const) {
        if (isDeepStrictEqual(former[key], now[key])) continue;
        problems.push({
          path: `${place} › topic ${topic.name} › ${key}`,
          message: `Topic ${topic.name} is declared twice, and differently.`,
          given: now[key],
          allowed: `${JSON.stringify(former[key])}, as in ${declaredAt.get(topic.name)}`,
          fix: "Declare it once, export it, and import it where it is used.",
        });
      }
      return;
    }
    declared.set(topic.name, topic);
    declaredAt.set(topic.name, place);
    const { partitions, retention } = sizeOf(topic.args);
    const path = `${place} › topic ${topic.name}`;
    checkName(topic.name, path);
    checkSize(partitions, retention, path);
    const ms = retention === "forever" ? -1 : milliseconds(retention);
    topics.set(topic.name, { name: topic.name, partitions, config: deletion(ms) });
  }

  function checkName(name: string, path: string): void {
    if (legalName.test(name)) return;
    problems.push({
      path,
      message: "Kafka does not take this name.",
      given: name,
      allowed: "1 to 249 of a–z, A–Z, 0–9, '.', '_' and '-', and neither '.' nor '..'",
    });
  }

  function checkSize(partitions: number, retention: Duration | "forever", path: string): void {
    if (!Number.isInteger(partitions) || partitions < 1) {
      problems.push({
        path: `${path} › partitions`,
        message: "A topic has at least one partition.",
        given: partitions,
        allowed: "a whole number from 1",
      });
    }
    if (retention !== "forever" && Number.isNaN(milliseconds(retention))) {
      problems.push({
        path: `${path} › retention`,
        message: "This is no length of time.",
        given: retention,
        allowed: `${durationWords}, "forever"`,
      });
    }
  }
}

/** A record as large as a topic takes still fits its dead letter with the reason and the origin beside it: 64 KiB over Kafka's default. */
const roomForHeaders = { "max.message.bytes": String(1_048_588 + 65_536) };

const deletion = (retentionMs: number) => ({ "cleanup.policy": "delete", "retention.ms": String(retentionMs) });

export const heartbeatPrefix = "__debezium-heartbeat";
export const heartbeatTopic = (capture: string) => `${heartbeatPrefix}.${capture}`;
/** Where a capture is asked for a snapshot later on. */
export const signalTopic = (capture: string) => `${capture}.signals`;

function captureTopics(capture: Capture): TopicPlan[] {
  const { partitions, retention } = captureSizeOf(capture.args);
  return [
    ...capture.streams.map(({ name }) => ({ name, partitions, config: deletion(milliseconds(retention)) })),
    { name: heartbeatTopic(capture.name), partitions: 1, config: deletion(day) },
    { name: signalTopic(capture.name), partitions: 1, config: deletion(day) },
  ];
}
