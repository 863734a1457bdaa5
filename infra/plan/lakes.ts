import { isDeepStrictEqual } from "node:util";
import type { Lake, Part, Pipeline } from "../model";
import { durationWords, milliseconds } from "./duration";
import { nearest, type Problem } from "./problems";
import { readSchema } from "./schemas";
import { lakeColumns } from "./shape/lake-columns";
import { flowOf, placeOf } from "./topics";
import type { Endpoints, LakePlan } from "./types";

/** The program that keeps lakes, below `apps/`. */
const keeper = "lake/keeper";

/** A lake's declaration with its defaults, which stand here and nowhere else. */
const sizeOf = ({ retention = "forever", rowsPerFile = 200_000 }: Lake["args"]) => ({ retention, rowsPerFile });

/** What jobs bring lies beside the lakes, out of the sight of who reads them. */
const incomingFolder = "_incoming";

const lakesOf = (part: Part): Lake[] => flowOf(part).writes.flatMap((end) => (end.kind === "lake" ? [end] : []));

/** Every lake that any part writes, once, by name, and what is wrong with how it is declared. One whose schema cannot be used is left out. */
export function planLakes(
  root: string,
  pipelines: readonly Pipeline[],
  endpoints: Endpoints,
): { lakes: Map<string, LakePlan>; problems: Problem[] } {
  const problems: Problem[] = [];
  const declared = new Map<string, { lake: Lake; place: string }>();
  const lakes = new Map<string, LakePlan>();
  for (const pipeline of pipelines) {
    for (const part of pipeline.parts) {
      const place = placeOf(pipeline, part);
      for (const lake of lakesOf(part)) {
        const known = declared.get(lake.name);
        if (known) problems.push(...differences(known.lake, lake, place));
        else {
          declared.set(lake.name, { lake, place });
          const planned = planLake(root, lake, `${place} › lake ${lake.name}`, endpoints);
          problems.push(...planned.problems);
          if (planned.lake) lakes.set(lake.name, planned.lake);
        }
      }
    }
  }
  return { lakes, problems: [...problems, ...checkKeepers(pipelines, declared)] };
}

function differences(known: Lake, lake: Lake, place: string): Problem[] {
  if (isDeepStrictEqual({ ...known.args, ...sizeOf(known.args) }, { ...lake.args, ...sizeOf(lake.args) })) return [];
  const message = `Lake ${lake.name} is declared twice, and differently.`;
  return [{ path: `${place} › lake ${lake.name}`, message, fix: "Declare it once, and import it where it is used." }];
}

/** Without its keeper nobody would ever see what a job brings; two would take files from each other. */
function checkKeepers(pipelines: readonly Pipeline[], declared: ReadonlyMap<string, { place: string }>): Problem[] {
  const keepers = new Map<string, string[]>();
  for (const pipeline of pipelines) {
    for (const part of pipeline.parts) {
      if (part.kind !== "app" || part.args.runs !== keeper) continue;
      for (const { name } of lakesOf(part)) keepers.set(name, [...(keepers.get(name) ?? []), part.name]);
    }
  }
  return [...declared].flatMap(([name, { place }]): Problem[] => {
    const its = keepers.get(name) ?? [];
    const path = `${place} › lake ${name}`;
    if (its.length === 1) return [];
    const fix = "Add a lakeKeeper to the pipeline.";
    if (its.length === 0) return [{ path, message: "Nobody keeps it: what jobs bring would never be seen.", fix }];
    return [{ path, message: "It has several keepers.", given: its, allowed: "one", fix: "Leave it to one of them." }];
  });
}

function planLake(
  root: string,
  lake: Lake,
  path: string,
  endpoints: Endpoints,
): { lake?: LakePlan; problems: Problem[] } {
  const { name, args } = lake;
  const { retention, rowsPerFile } = sizeOf(args);
  const problems: Problem[] = [];
  if (!/^[a-z][a-z0-9-]{0,61}$/.test(name)) {
    const allowed = "a–z, 0–9 and '-', beginning with a letter, 62 at most";
    problems.push({ path, message: "This is no name of a lake.", given: name, allowed });
  }
  if (!/^[a-z][a-z0-9_]{0,61}$/.test(args.partitionBy)) {
    const allowed = "a–z, 0–9 and '_', beginning with a letter";
    problems.push({
      path: `${path} › partitionBy`,
      message: "This is no name of a folder's column.",
      given: args.partitionBy,
      allowed,
    });
  }
  if (!Number.isInteger(rowsPerFile) || rowsPerFile < 1000) {
    const allowed = "a whole number from 1000";
    problems.push({ path: `${path} › rowsPerFile`, message: "These are too few rows.", given: rowsPerFile, allowed });
  }
  const retentionMs = retention === "forever" ? undefined : milliseconds(retention);
  if (Number.isNaN(retentionMs)) {
    const allowed = `${durationWords}, "forever"`;
    problems.push({ path: `${path} › retention`, message: "This is no length of time.", given: retention, allowed });
  }
  const read = readSchema(root, args.schema, `${path} › schema`);
  problems.push(...read.problems);
  if (!read.schema) return { problems };
  if (args.schema.format !== "avro") {
    const fix = "Write it in Avro: avro(…).";
    return {
      problems: [
        ...problems,
        { path: `${path} › schema`, message: "A lake's schema is in Avro.", given: args.schema.format, fix },
      ],
    };
  }
  const { columns, problems: wrong } = lakeColumns(read.schema.json, read.schema.file);
  problems.push(...wrong);
  const names = columns.map((column) => column.name);
  if (!names.includes(args.key)) {
    const meant = nearest(args.key, names);
    const fix = meant ? { fix: `Did you mean ${meant}?` } : {};
    problems.push({
      path: `${path} › key`,
      message: "The schema has no such column.",
      given: args.key,
      allowed: names,
      ...fix,
    });
  }
  if (names.includes(args.partitionBy)) {
    const fix = "Take it out of the schema: the folders say it.";
    problems.push({
      path: `${path} › partitionBy`,
      message: "The schema has this column, too.",
      given: args.partitionBy,
      fix,
    });
  }
  if (wrong.length > 0) return { problems };
  return {
    problems,
    lake: {
      name,
      url: `${endpoints.lake}/${name}`,
      incoming: `${endpoints.lake}/${incomingFolder}/${name}`,
      columns,
      key: args.key,
      partitionBy: args.partitionBy,
      ...(retentionMs !== undefined && { retentionMs }),
      rowsPerFile,
    },
  };
}
