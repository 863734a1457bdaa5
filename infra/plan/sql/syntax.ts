import type { Type } from "./types";

/** A name as written, with its place. */
export interface Name {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** What name resolution needs of an expression, and no more: operators and most functions are only their `parts`. */
export type Expression =
  | { readonly kind: "path"; readonly parts: readonly Name[] }
  | { readonly kind: "field"; readonly of: Expression; readonly name: Name }
  | { readonly kind: "index"; readonly of: Expression; readonly index: Expression }
  | { readonly kind: "cast"; readonly of: Expression; readonly type: Type }
  | { readonly kind: "query"; readonly query: Query }
  /** `TABLE x` as the argument of a function. */
  | { readonly kind: "relation"; readonly name: readonly Name[] }
  | { readonly kind: "open"; readonly parts: readonly Expression[] };

export interface Item {
  /** `"*"`; with `value`, a path, it is `value.*`. */
  readonly star: boolean;
  readonly value?: Expression;
  readonly alias?: Name;
}

export type Source =
  | { readonly kind: "table"; readonly name: readonly Name[]; readonly alias?: Alias; readonly period?: Expression }
  | { readonly kind: "derived"; readonly query: Query; readonly alias?: Alias; readonly lateral: boolean }
  /** A table function, UNNEST, MATCH_RECOGNIZE, PIVOT: what it yields is not known here. */
  | {
      readonly kind: "open";
      readonly inputs: readonly Expression[];
      readonly of?: Source;
      /** TUMBLE, HOP, CUMULATE or SESSION: what it reads, and three columns that say which window. */
      readonly window?: boolean;
      readonly alias?: Alias;
    }
  | {
      readonly kind: "join";
      readonly left: Source;
      readonly right: Source;
      readonly on?: Expression;
      /** USING and NATURAL join merge columns, so that `*` yields fewer. */
      readonly merges: boolean;
    };

export interface Alias {
  readonly name: Name;
  readonly columns?: readonly Name[];
}

export interface Select {
  readonly kind: "select";
  readonly items: readonly Item[];
  readonly from?: Source;
  /** WHERE, ON, windows. */
  readonly filters: readonly Expression[];
  /** GROUP BY, HAVING, QUALIFY. */
  readonly groups: readonly Expression[];
}

export type Body =
  | Select
  | { readonly kind: "values"; readonly rows: readonly (readonly Expression[])[] }
  | { readonly kind: "table"; readonly name: readonly Name[] }
  | { readonly kind: "set"; readonly left: Body; readonly right: Body; readonly place: Name }
  | { readonly kind: "nested"; readonly query: Query };

export interface Query {
  readonly with: readonly { readonly name: Name; readonly columns?: readonly Name[]; readonly query: Query }[];
  readonly body: Body;
  readonly orderBy: readonly Expression[];
}

export type Parsed =
  | { readonly kind: "view"; readonly name: readonly Name[]; readonly columns?: readonly Name[]; readonly query: Query }
  | {
      readonly kind: "insert";
      readonly target: readonly Name[];
      readonly columns?: readonly Name[];
      readonly partition: readonly Name[];
      readonly query: Query;
    }
  | { readonly kind: "set"; readonly key: Name; readonly value: string };
