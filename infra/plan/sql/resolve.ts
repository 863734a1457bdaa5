import {
  emptyScope,
  fieldOf,
  openShape,
  type Report,
  resolvePath,
  type Scope,
  type Shape,
  shapeOf,
  within,
} from "./scope";
import type { Alias, Body, Expression, Item, Name, Query, Select, Source } from "./syntax";
import { type Field, type Type, unknown } from "./types";

/** A name as Flink understands it: without the catalog and database that everything is in. */
export function plainName(name: readonly Name[]): string {
  const parts = name.map(({ text }) => text);
  const local = parts.length === 3 && parts[0] === "default_catalog" && parts[1] === "default_database";
  return local ? (parts[2] as string) : parts.join(".");
}

/** Whether the name is one, and not a chain of catalog, database and table other than the platform's. */
export const isPlain = (name: readonly Name[]): boolean =>
  name.length === 1 || plainName(name) !== name.map(({ text }) => text).join(".");

/** What names resolve against, and where mistakes go. */
export interface Names {
  /** The columns of a relation; reports one that cannot be read. */
  readonly relation: (name: readonly Name[]) => Shape;
  readonly report: Report;
}

/** The columns that a query yields; reports every name in it that nothing has. */
export function shapeOfQuery(names: Names, query: Query, parent: Scope = emptyScope): Shape {
  const ctes = new Map<string, Shape>();
  const scope: Scope = { parent, ctes, relations: [] };
  for (const cte of query.with) {
    // A recursive one reads itself.
    const own = new Map([[cte.name.text, openShape]]);
    const shape = shapeOfQuery(names, cte.query, { parent: scope, ctes: own, relations: [] });
    ctes.set(cte.name.text, rename(names, shape, cte.columns, cte.name));
  }
  return shapeOfBody(names, query.body, scope, query.orderBy);
}

function shapeOfBody(names: Names, body: Body, scope: Scope, orderBy: readonly Expression[]): Shape {
  if (body.kind === "select") return shapeOfSelect(names, body, scope, orderBy);
  const shape = shapeWithoutOrder(names, body, scope);
  for (const value of orderBy) typeIn(names, value, { ...within(scope), relations: [{ name: undefined, shape }] });
  return shape;
}

function shapeWithoutOrder(names: Names, body: Exclude<Body, Select>, scope: Scope): Shape {
  if (body.kind === "nested") return shapeOfQuery(names, body.query, scope);
  if (body.kind === "table") return relation(names, body.name, scope);
  if (body.kind === "values") {
    const rows = body.rows.map((row) => row.map((value) => typeIn(names, value, scope)));
    return shapeOf((rows[0] ?? []).map((_, i) => ({ name: `EXPR$${i}`, type: unknown })));
  }
  const left = shapeOfBody(names, body.left, scope, []);
  const right = shapeOfBody(names, body.right, scope, []);
  if (left.width !== undefined && right.width !== undefined && left.width !== right.width) {
    const message = `the two sides of this ${body.place.text.toUpperCase()} have ${left.width} and ${right.width} columns`;
    names.report(body.place, { message, given: String(right.width), allowed: [String(left.width)] });
  }
  const columns = left.columns.map((column, i) => {
    const same = JSON.stringify(column.type) === JSON.stringify(right.columns[i]?.type);
    return same ? column : { name: column.name, type: unknown };
  });
  return { ...left, columns };
}

function shapeOfSelect(names: Names, select: Select, outer: Scope, orderBy: readonly Expression[]): Shape {
  const bare = within(outer);
  const joins: Expression[] = [];
  const merges = select.from ? addSource(names, select.from, bare, joins) : false;
  const scope: Scope = { ...bare, merges };
  const outputs = select.items.map((item, i) => itemShape(names, item, i, scope, merges));
  for (const value of [...joins, ...select.filters]) typeIn(names, value, scope);
  // Whether an alias counts here differs from clause to clause; taking it for known is the safe side.
  const aliases = new Set(select.items.flatMap(({ alias }) => alias?.text ?? []));
  for (const value of [...select.groups, ...orderBy]) typeIn(names, value, { ...scope, aliases });
  const columns = outputs.flatMap((shape) => shape.columns);
  if (outputs.every(({ complete }) => complete)) return shapeOf(columns);
  const width = outputs.every((shape) => shape.width !== undefined)
    ? outputs.reduce((sum, shape) => sum + (shape.width as number), 0)
    : undefined;
  return { columns, complete: false, ...(width !== undefined && { width }) };
}

/** The columns that one item of a SELECT yields. */
function itemShape(names: Names, item: Item, position: number, scope: Scope, merges: boolean): Shape {
  if (!item.star) {
    const type = typeIn(names, item.value as Expression, scope);
    const value = item.value as Expression;
    const own = item.alias ?? (value.kind === "path" ? value.parts.at(-1) : undefined);
    const shape = shapeOf([{ name: own?.text ?? `EXPR$${position}`, type }]);
    return own ? shape : { ...shape, complete: value.kind === "open" };
  }
  if (item.value?.kind === "path") return starOf(names, item.value.parts, scope);
  const shapes = scope.relations.map(({ shape }) => shape);
  if (merges || shapes.some(({ complete }) => !complete)) {
    return { columns: shapes.flatMap(({ columns }) => columns), complete: false };
  }
  return shapeOf(shapes.flatMap(({ columns }) => columns));
}

/** `alias.*`, or `row.*`, the fields of a row. */
function starOf(names: Names, parts: readonly Name[], scope: Scope): Shape {
  const [first, ...rest] = parts as readonly [Name, ...Name[]];
  for (let s: Scope | undefined = scope; s && rest.length === 0; s = s.parent) {
    const relation = s.relations.find(({ name }) => name === first.text);
    if (relation) return relation.shape;
  }
  const type = resolvePath(parts, scope, names.report);
  return type.kind === "row" ? shapeOf(type.fields) : openShape;
}

/** Adds what FROM brings; says whether joins merge columns. */
function addSource(names: Names, source: Source, scope: Scope, joins: Expression[]): boolean {
  if (source.kind === "join") {
    const left = addSource(names, source.left, scope, joins);
    const right = addSource(names, source.right, scope, joins);
    if (source.on) joins.push(source.on);
    return left || right || source.merges;
  }
  if (source.kind === "table") {
    if (source.period) joins.push(source.period);
    const called = source.alias?.name.text ?? source.name.at(-1)?.text;
    add(names, scope, relation(names, source.name, scope), called, source.alias, plainName(source.name));
  } else if (source.kind === "derived") {
    const around = source.lateral ? scope : (scope.parent ?? emptyScope);
    add(names, scope, shapeOfQuery(names, source.query, around), source.alias?.name.text, source.alias);
  } else {
    // What it reads is checked; what it yields is not known unless the alias says it.
    if (source.of) addSource(names, source.of, within(scope.parent ?? emptyScope), []);
    const shape = source.window ? shapeOfWindow(names, source.inputs[0], scope) : undefined;
    if (!shape) for (const input of source.inputs) typeIn(names, input, scope);
    add(names, scope, shape ?? openShape, source.alias?.name.text, source.alias);
  }
  return false;
}

/** What a window function yields: the columns of its one relation, and the window. */
function shapeOfWindow(names: Names, call: Expression | undefined, scope: Scope): Shape | undefined {
  const parts = call?.kind === "open" ? call.parts : [];
  const [input, ...others] = parts.filter(({ kind }) => kind === "relation" || kind === "query");
  if (!input || others.length > 0) return undefined;
  for (const part of parts) if (part !== input) typeIn(names, part, scope);
  const shape =
    input.kind === "relation"
      ? relation(names, input.name, scope)
      : input.kind === "query"
        ? shapeOfQuery(names, input.query, scope)
        : openShape;
  if (shape.width === undefined) return openShape;
  const window = ["window_start", "window_end", "window_time"].map((name): Field => ({ name, type: unknown }));
  return { ...shape, columns: [...shape.columns, ...window], width: shape.width + window.length };
}

function add(
  names: Names,
  scope: Scope,
  shape: Shape,
  name: string | undefined,
  alias: Alias | undefined,
  of?: string,
): void {
  const renamed = alias ? rename(names, shape, alias.columns, alias.name) : shape;
  scope.relations.push({ name, shape: renamed, ...(of && { of }) });
}

/** The shape under the column names given, if any are; reports another number of them. */
export function rename(names: Names, shape: Shape, columns: readonly Name[] | undefined, of: Name): Shape {
  if (!columns) return shape;
  if (shape.width !== undefined && shape.width !== columns.length) {
    const message = `\`${of.text}\` names ${columns.length} columns and has ${shape.width}`;
    const allowed = shape.complete ? shape.columns.map(({ name }) => name) : `${shape.width} names`;
    names.report(of, { message, given: columns.map(({ text }) => text).join(", "), allowed });
    return openShape;
  }
  const types = shape.width === undefined ? [] : shape.columns;
  return shapeOf(columns.map(({ text }, i): Field => ({ name: text, type: types[i]?.type ?? unknown })));
}

function relation(names: Names, name: readonly Name[], scope: Scope): Shape {
  const only = name.length === 1 ? name[0]?.text : undefined;
  for (let s: Scope | undefined = scope; s && only !== undefined; s = s.parent) {
    const cte = s.ctes.get(only);
    if (cte) return cte;
  }
  return names.relation(name);
}

/** The type of an expression; reports the names in it that nothing has. */
function typeIn(names: Names, value: Expression, scope: Scope): Type {
  switch (value.kind) {
    case "path":
      return resolvePath(value.parts, scope, names.report);
    case "field":
      return fieldOf(typeIn(names, value.of, scope), lastName(value.of), [value.name], names.report);
    case "index": {
      const type = typeIn(names, value.of, scope);
      typeIn(names, value.index, scope);
      return type.kind === "array" ? type.element : type.kind === "map" ? type.value : unknown;
    }
    case "cast":
      typeIn(names, value.of, scope);
      return value.type;
    case "query":
      shapeOfQuery(names, value.query, scope);
      return unknown;
    case "relation":
      relation(names, value.name, scope);
      return unknown;
    case "open":
      for (const part of value.parts) typeIn(names, part, scope);
      return unknown;
  }
}

/** What an error calls the thing whose field is asked for. */
function lastName(value: Expression): Name {
  if (value.kind === "path") return value.parts.at(-1) as Name;
  if (value.kind === "field") return value.name;
  if (value.kind === "index") return lastName(value.of);
  return { text: "this", line: 1, column: 1 };
}
