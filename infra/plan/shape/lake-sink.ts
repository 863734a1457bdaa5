import type { LakePlan } from "../types";
import { createTable, type FlinkTable } from "./flink-tables";

/**
 * A lake as a table to write to: Parquet files in the folder of what comes in, each complete when it appears, at the checkpoint that covers its rows. Its
 * last column says which folder.
 */
export function lakeSink({ name, incoming, columns, partitionBy }: LakePlan): FlinkTable {
  // Text, whatever it means: of a DATE, Flink would name the folder after the number of its day.
  const all = [...columns.map(({ name, flink: type }) => ({ name, type })), { name: partitionBy, type: "STRING" }];
  const options = {
    connector: "filesystem",
    path: incoming,
    format: "parquet",
    "parquet.utc-timezone": "true",
    "parquet.write.int64.timestamp": "true",
    "parquet.timestamp.time.unit": "micros",
  };
  return { sql: createTable(name, all, options, partitionBy), columns: all };
}
