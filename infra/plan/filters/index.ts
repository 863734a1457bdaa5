/** Declared filters: read and typed, compiled to Flink SQL, explained, and tried without a server. Pure. */

export { type Explanation, evaluate } from "./evaluate";
export type { AvroType } from "./fields";
export { boundedArrays, listFields } from "./fields";
export { type ParseArgs, parseFilters } from "./parse";
export { condition, type InsertArgs, insert, overBound } from "./sql";
export type { Condition, Filter, Group } from "./types";
export { describeExplanation, describeFilter } from "./words";
