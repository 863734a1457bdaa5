import { nearest, type Problem } from "../problems";
import type { Name } from "./syntax";
import type { Field, Type } from "./types";
import { unknown } from "./types";

/** The columns of a relation, as far as they are certain. */
export interface Shape {
  readonly columns: readonly Field[];
  /** Whether there are no other columns: only then can a name be wrong. */
  readonly complete: boolean;
  /** How many columns there are, when that is certain. */
  readonly width?: number;
}
export const openShape: Shape = { columns: [], complete: false };

/** A shape of which everything is known; where two columns have one name, Flink gives the later ones a number. */
export function shapeOf(columns: readonly Field[]): Shape {
  const taken = new Set<string>();
  const renamed = columns.map(({ name, type }) => {
    let own = name;
    for (let i = 0; taken.has(own); i++) own = `${name}${i}`;
    taken.add(own);
    return { name: own, type };
  });
  const complete = renamed.every(({ name }, i) => name === columns[i]?.name);
  return { columns: renamed, complete, width: columns.length };
}

/** A relation as a SELECT calls it. */
export interface Named {
  /** Its alias, or its own name; a query without alias has none. */
  readonly name: string | undefined;
  readonly shape: Shape;
  /** What stands behind the alias, for messages. */
  readonly of?: string;
}

/** Where a name is looked up: the relations of one SELECT, then those around it. */
export interface Scope {
  readonly parent?: Scope;
  readonly ctes: ReadonlyMap<string, Shape>;
  readonly relations: Named[];
  /** A join merges columns of one name, so that the name alone means one thing. */
  readonly merges?: boolean;
  /** Names given in the same SELECT: ORDER BY, and some clauses in some cases, may use them. */
  readonly aliases?: ReadonlySet<string>;
}

export const emptyScope: Scope = { ctes: new Map(), relations: [] };
export const within = (parent: Scope): Scope => ({ parent, ctes: new Map(), relations: [] });

/** A problem at a name, to be sorted by place. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly problem: Omit<Problem, "file" | "line" | "path">;
}
export type Report = (place: { line: number; column: number }, problem: Finding["problem"]) => void;

export const quoted = (text: string): string => `\`${text}\``;
export const write = (meant: string | undefined): { fix?: string } => (meant ? { fix: `Write ${quoted(meant)}.` } : {});

/** The type that `a.b.c` has in the scope; reports a name that nothing has, or more than one thing. */
export function resolvePath(path: readonly Name[], scope: Scope, report: Report): Type {
  const catalog = path[0]?.text === "default_catalog" && path[1]?.text === "default_database";
  const parts = catalog && path.length > 2 ? path.slice(2) : path;
  const [first, second, ...rest] = parts as readonly [Name, ...Name[]];
  let wrong: { place: Name; relation: Named } | undefined;
  for (let s: Scope | undefined = scope; s; s = s.parent) {
    const relation = second && s.relations.find(({ name }) => name === first.text);
    if (relation) {
      const found = lookUp(relation.shape.columns, second.text);
      if (found.length > 0) return fieldOf(one(second, found, report), second, rest, report);
      if (!relation.shape.complete) return unknown;
      wrong ??= { place: second, relation };
    }
    const holders = s.relations.map((r) => ({ name: r.name, found: lookUp(r.shape.columns, first.text) }));
    const having = holders.filter(({ found }) => found.length > 0);
    const [holder, ...others] = having;
    if (holder && others.length > 0 && !s.merges && !s.aliases?.has(first.text)) {
      const meant = having.map(({ name, found }) => [name, ...(found[0] as Found).path].filter(Boolean).join("."));
      reportAmbiguous(first, meant, report);
      return unknown;
    }
    if (holder) return fieldOf(one(first, holder.found, report), first, parts.slice(1), report);
    if (wrong) break;
    if (s.relations.some(({ shape }) => !shape.complete) || s.aliases?.has(first.text)) return unknown;
  }
  if (wrong) reportMissing(wrong.place, parts, wrong.relation, report);
  else reportUnknown(parts, scope, report);
  return unknown;
}

interface Found {
  readonly type: Type;
  readonly path: readonly string[];
}

/** All that a name may mean: a column, or else a field of a row, at the least depth that has one. Flink looks into rows by itself. */
function lookUp(columns: readonly Field[], name: string): Found[] {
  let level: Found[] = [{ type: { kind: "row", fields: columns }, path: [] }];
  while (level.length > 0) {
    const next = level.flatMap(({ type, path }) =>
      type.kind === "row" ? type.fields.map((f): Found => ({ type: f.type, path: [...path, f.name] })) : [],
    );
    const found = next.filter(({ path }) => path.at(-1) === name);
    if (found.length > 0) return found;
    level = next;
  }
  return [];
}

function one(name: Name, found: readonly Found[], report: Report): Type {
  if (found.length === 1) return (found[0] as Found).type;
  const meant = found.map(({ path }) => path.join("."));
  reportAmbiguous(name, meant, report);
  return unknown;
}

function reportAmbiguous(name: Name, meant: readonly string[], report: Report): void {
  const message = `${quoted(name.text)} can mean ${meant.join(" or ")}`;
  report(name, { message, given: name.text, allowed: meant, fix: `Write ${meant.join(" or ")}.` });
}

/** The type of `name.rest…` where `name` has the type. */
export function fieldOf(type: Type, of: Name, rest: readonly Name[], report: Report): Type {
  const [next, ...others] = rest;
  if (!next || type.kind === "unknown") return type;
  if (type.kind === "row") {
    const found = lookUp(type.fields, next.text);
    if (found.length > 0) return fieldOf(one(next, found, report), next, others, report);
    const names = type.fields.map(({ name }) => name);
    const message = `${quoted(of.text)} has no field ${quoted(next.text)}`;
    report(next, { message, given: next.text, allowed: names, ...write(nearest(next.text, names)) });
    return unknown;
  }
  const [what, fix] = {
    map: ["a map", `Write ${of.text}['${next.text}'].`],
    array: ["an array", `Write ${of.text}[1].${next.text} for the first element, or CROSS JOIN UNNEST(${of.text}).`],
    plain: [type.kind === "plain" ? `a ${type.text}` : "", undefined],
  }[type.kind] as [string, string | undefined];
  const message = `${quoted(of.text)} is ${what} and has no fields`;
  report(next, { message, given: `${of.text}.${next.text}`, ...(fix && { fix }) });
  return unknown;
}

function reportMissing(place: Name, parts: readonly Name[], { name = "", shape, of }: Named, report: Report): void {
  const names = shape.columns.map((column) => column.name);
  const behind = of && of !== name ? `, which is ${quoted(of)}` : "";
  report(place, {
    message: `${quoted(place.text)} is not a column of ${quoted(name)}${behind}`,
    given: parts.map(({ text }) => text).join("."),
    allowed: names,
    ...write(nearest(place.text, names)),
  });
}

function reportUnknown(parts: readonly Name[], scope: Scope, report: Report): void {
  const first = parts[0] as Name;
  const given = parts.map(({ text }) => text).join(".");
  const [only, ...others] = scope.relations;
  const many = others.length > 0;
  if (only?.name && !many) {
    reportMissing(first, parts, only, report);
    return;
  }
  const columns = scope.relations.flatMap(({ shape }) => shape.columns);
  const allowed = scope.relations.flatMap(({ name, shape }) =>
    shape.columns.map((column) => (many && name ? `${name}.${column.name}` : column.name)),
  );
  const relations = scope.relations.flatMap(({ name }) => name ?? []);
  const candidates = [...columns.map(({ name }) => name), ...(parts.length > 1 ? relations : [])];
  report(first, {
    message: only
      ? `${quoted(first.text)} is not a column of what is read here`
      : `${quoted(first.text)} is taken for a column, and nothing is read here`,
    given,
    ...(only && { allowed }),
    ...write(nearest(first.text, candidates)),
  });
}
