import { nearest } from "../problems";
import { isPlain, plainName } from "./resolve";
import { openShape, quoted, type Report, type Shape, shapeOf } from "./scope";
import type { Name } from "./syntax";
import { typeOf } from "./types";

/** Something that has columns: a declared topic or table, or a view that comes with it. */
export interface Relation {
  readonly name: string;
  /** `type`: Flink's text, for example `ROW<a BIGINT NOT NULL>`. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The declared topic that this is a view of. Default: the relation is itself what was declared. */
  readonly from?: string;
}

/** What the statements of one job may name. */
export interface Catalog {
  readonly job: string;
  readonly reads: ReadonlyMap<string, Shape>;
  readonly writes: ReadonlyMap<string, Shape>;
  /** Names of topics that exist and that this job does not declare. */
  readonly known: ReadonlySet<string>;
  /** Views of the file so far. */
  readonly views: Map<string, Shape>;
  /** Line of each view of the file, also of those further down. */
  readonly viewLines: ReadonlyMap<string, number>;
  readonly read: Set<string>;
  readonly written: Set<string>;
}

export function shapesOf(relations: readonly Relation[]): Map<string, Shape> {
  return new Map(
    relations.map(({ name, columns }) => [name, shapeOf(columns.map((c) => ({ name: c.name, type: typeOf(c.type) })))]),
  );
}

/** The relation to read; reports one that the job may not read. */
export function relationToRead(catalog: Catalog, name: readonly Name[], report: Report): Shape {
  const { job, reads, writes, views, viewLines } = catalog;
  const given = plainName(name);
  const shape = views.get(given) ?? reads.get(given);
  catalog.read.add(given);
  const place = name[0] as Name;
  if (shape && isPlain(name)) return shape;
  const allowed = [...reads.keys(), ...views.keys()];
  if (!isPlain(name) && (shape || isKnown(catalog, given))) reportUnquoted(name, given, report);
  else if (viewLines.has(given)) {
    const message = `the view ${quoted(given)} is created further down, at line ${viewLines.get(given)}`;
    report(place, { message, given, fix: "Move the CREATE VIEW above this statement." });
  } else if (writes.has(given)) {
    const message = `${job} declares ${quoted(given)} as written, not as read`;
    report(place, { message, given, allowed, fix: "Add it to the job's `reads`." });
  } else if (catalog.known.has(given)) {
    const message = `${quoted(given)} exists, but ${job} does not declare that it reads it`;
    report(place, { message, given, allowed, fix: "Add it to the job's `reads`." });
  } else {
    const meant = nearest(given, allowed);
    if (meant) catalog.read.add(meant);
    const message = `${quoted(given)} is nothing that ${job} reads, and no view of this file`;
    report(place, { message, given, allowed, ...(meant && { fix: `Write ${quoted(meant)}.` }) });
  }
  return openShape;
}

/** The relation to write; reports one that the job may not write. */
export function relationToWrite(catalog: Catalog, name: readonly Name[], report: Report): Shape {
  const { job, reads, writes, viewLines } = catalog;
  const given = plainName(name);
  const shape = writes.get(given);
  catalog.written.add(given);
  const place = name[0] as Name;
  if (shape && isPlain(name)) return shape;
  const allowed = [...writes.keys()];
  if (!isPlain(name) && (shape || isKnown(catalog, given))) reportUnquoted(name, given, report);
  else if (viewLines.has(given)) {
    report(place, { message: `${quoted(given)} is a view: nothing can be inserted into it`, given, allowed });
  } else if (reads.has(given)) {
    const message = `${job} declares ${quoted(given)} as read, not as written`;
    report(place, { message, given, allowed, fix: "Add it to the job's `writes`." });
  } else if (catalog.known.has(given)) {
    const message = `${quoted(given)} exists, but ${job} does not declare that it writes it`;
    report(place, { message, given, allowed, fix: "Add it to the job's `writes`." });
  } else {
    const meant = nearest(given, allowed);
    if (meant) catalog.written.add(meant);
    const message = `${quoted(given)} is nothing that ${job} writes`;
    report(place, { message, given, allowed, ...(meant && { fix: `Write ${quoted(meant)}.` }) });
  }
  return openShape;
}

export const isKnown = (catalog: Catalog, name: string): boolean =>
  catalog.reads.has(name) || catalog.writes.has(name) || catalog.known.has(name);

function reportUnquoted(name: readonly Name[], given: string, report: Report): void {
  const message = `Flink takes ${given} for a table inside a database ${quoted(name[0]?.text ?? "")}`;
  report(name[0] as Name, {
    message,
    given,
    fix: `Write ${quoted(given)}, the whole name in one pair of back quotes.`,
  });
}
