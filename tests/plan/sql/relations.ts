import type { Relation } from "../../../infra/plan/sql";
import { checkJob } from "../../../infra/plan/sql";

const columns = (text: Record<string, string>) => Object.entries(text).map(([name, type]) => ({ name, type }));

/** A captured table: the topic as Debezium writes it, and the view of its changes. */
function captured(table: string, row: Record<string, string>): Relation[] {
  const fields = Object.entries(row).map(([name, type]) => `\`${name}\` ${type} NOT NULL`);
  const type = `ROW<${fields.join(", ")}>`;
  const topic = `entities.public.${table}`;
  const envelope = { before: type, after: type, op: "STRING NOT NULL", ts_ms: "BIGINT" };
  const change = { op: "STRING", event_id: "STRING", committed_at: "BIGINT", captured_at: "BIGINT" };
  const view = { ...change, ...row, changed: "MAP<STRING, STRING>", before: type, after: type };
  return [
    { name: topic, columns: columns(envelope) },
    { name: `${table}_changes`, from: topic, columns: columns(view) },
  ];
}

export const reads: readonly Relation[] = [
  ...captured("car_entities", { car_id: "STRING", status: "STRING" }),
  ...captured("loan_entities", {
    loan_id: "STRING",
    customer_tier: "STRING",
    loan_amount: "STRING",
    amount_paid: "STRING",
    status: "STRING",
  }),
  ...captured("service_record", { service_id: "STRING", status: "STRING" }),
];

const header = "ROW<uuid STRING NOT NULL, eventName STRING NOT NULL, createdDate BIGINT NOT NULL>";
const entity = "ROW<entityType STRING NOT NULL, updatedAttributes MAP<STRING NOT NULL, STRING> NOT NULL>";
export const writes: readonly Relation[] = [
  {
    name: "raw-business-events",
    columns: columns({
      eventHeader: header,
      eventBody: `ROW<entities ARRAY<${entity} NOT NULL> NOT NULL>`,
      sourceMetadata: "ROW<`table` STRING, operation STRING, `timestamp` BIGINT>",
      key_entity_id: "STRING",
    }),
  },
];

export const known = [...reads.flatMap(({ from }) => from ?? []), "raw-business-events", "filtered-loan-events"];

export const checkToEvents = (text: string) =>
  checkJob({ file: "flink-jobs/business-events/to-events.sql", text, job: "to-events", reads, writes, known });

/** Two small tables for queries of every kind: `a`, and one whose name needs back quotes. */
export const small: readonly Relation[] = [
  {
    name: "a",
    columns: columns({
      id: "STRING",
      n: "INT",
      r: "ROW<x INT, s STRING, q ROW<z INT>>",
      m: "MAP<STRING, ROW<k INT>>",
      arr: "ARRAY<ROW<e1 INT, e2 STRING>>",
      ts: "TIMESTAMP(3) NOT NULL",
    }),
  },
  { name: "b.c-d", columns: columns({ id: "STRING", v: "INT", timestamp: "BIGINT", names: "ARRAY<STRING>" }) },
  { name: "d", columns: columns({ id: "STRING", n: "INT", r: "ROW<x INT>" }) },
];

/** What is wrong with a query over `small`, as `line:column message` each. */
export function faults(query: string): string[] {
  const text = `CREATE TEMPORARY VIEW v AS\n${query};\nINSERT INTO t SELECT 1;`;
  const writes = [{ name: "t", columns: columns({ one: "INT" }) }];
  const { problems } = checkJob({ file: "f.sql", text, job: "j", reads: small, writes, known: ["elsewhere"] });
  return problems
    .filter(({ message }) => !message.includes("the file never does"))
    .map(({ line, path, message }) => `${(line ?? 0) - 1}:${path?.replace("column ", "")} ${message}`);
}
