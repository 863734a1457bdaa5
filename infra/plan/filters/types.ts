/** What a filter is, after it has been read and typed. Plain data: `sql.ts` compiles it, `evaluate.ts` runs it. */
export interface Filter {
  readonly id: string;
  readonly consumerId: string;
  /** Default "". */
  readonly description: string;
  readonly outputTopic: string;
  /** Default true. */
  readonly enabled: boolean;
  /** Default false. Several enabled filters may name one output topic when all of them say so. */
  readonly sharesOutput: boolean;
  /** Line of the filter in its file; the first is 1. */
  readonly line: number;
  readonly root: Group;
  /** Every array of the event's schema: an event with more elements in one matches no filter. */
  readonly arrays: readonly BoundedArray[];
}

export interface Group {
  readonly kind: "group";
  /** Default "AND". */
  readonly logic: Logic;
  /**
   * `sameEntity: true`: every condition in the group, nested groups included, must hold of one and the same element of this
   * array. Absent on groups nested in such a group: the element is that of the outermost.
   */
  readonly sameEntityOf?: BoundedArray;
  readonly conditions: readonly (Group | Condition)[];
}
export type Logic = "AND" | "OR";

export interface Condition {
  readonly kind: "condition";
  readonly field: Field;
  readonly operator: Operator;
  /** As many as the operator takes; all of one type. */
  readonly values: readonly Value[];
}

/** An array of the event, with the most elements that it may have: the schema's `maxItems`. */
export interface BoundedArray {
  readonly path: readonly string[];
  readonly maxItems: number;
}

/**
 * - `text`, `whole` (int, long), `boolean`: a field of the schema, compared as what it is
 * - `attribute`: an entry of a map of text, compared as text, number or boolean, as the value is written
 */
export type FieldType = "text" | "whole" | "boolean" | "attribute";

export interface Field {
  /** One spelling for one field: `eventBody.entities[].updatedAttributes['loanAmount']`. */
  readonly name: string;
  readonly type: FieldType;
  /** The array on the way, if there is one; then `path` starts at its element. */
  readonly array?: BoundedArray;
  readonly path: readonly string[];
  /** Key of the map at the end of `path`, for an attribute. */
  readonly key?: string;
}

export type Value =
  | { readonly type: "text"; readonly text: string }
  /** Exact: an optional minus, digits, and after a point digits that do not end in 0. */
  | { readonly type: "number"; readonly text: string }
  | { readonly type: "boolean"; readonly value: boolean };
export type ValueType = Value["type"];

interface OperatorRule {
  /** How `value` is written. */
  readonly takes: "one" | "list" | "pair" | "nothing";
  /** In a sentence: `<field> <words> <value>`. */
  readonly words: string;
  /** Types of value that it can compare; a field may allow fewer. */
  readonly types: readonly ValueType[];
}

export const operators = {
  equals: { takes: "one", words: "equals", types: ["text", "number", "boolean"] },
  in: { takes: "list", words: "is one of", types: ["text", "number", "boolean"] },
  notIn: { takes: "list", words: "is none of", types: ["text", "number", "boolean"] },
  greaterThan: { takes: "one", words: "is greater than", types: ["number"] },
  lessThan: { takes: "one", words: "is less than", types: ["number"] },
  greaterThanOrEqual: { takes: "one", words: "is at least", types: ["number"] },
  lessThanOrEqual: { takes: "one", words: "is at most", types: ["number"] },
  between: { takes: "pair", words: "is between", types: ["number"] },
  matches: { takes: "one", words: "matches", types: ["text"] },
  isNull: { takes: "nothing", words: "is null", types: [] },
  isNotNull: { takes: "nothing", words: "is not null", types: [] },
} as const satisfies Record<string, OperatorRule>;
export type Operator = keyof typeof operators;

/** Types of value that a field of each type is compared with. */
export const comparable: Readonly<Record<FieldType, readonly ValueType[]>> = {
  text: ["text"],
  whole: ["number"],
  boolean: ["boolean"],
  attribute: ["text", "number", "boolean"],
};

/** How YAML spells them, and Flink when it casts a boolean to text; other text is neither true nor false. */
export const flagSpellings = { true: ["true", "True", "TRUE"], false: ["false", "False", "FALSE"] } as const;
