import { query } from "./stack";

/** One statement as superuser, in a database of the stack that is looked at: the test stack, unless another is given. */
export type Query = typeof query;

/**
 * What the consumers must have received, worked out without any code of the platform: triggers write down every change of the three tables in the
 * transaction that makes it, and the rules are written again here, by hand, from the words of the filters' descriptions.
 */
export interface Change {
  readonly id: string;
  readonly tbl: "car_entities" | "loan_entities" | "service_record";
  readonly op: "INSERT" | "UPDATE" | "DELETE";
  readonly old: Row | null;
  readonly new: Row | null;
}
type Row = Readonly<Record<string, string | null>>;

export type Consumer = "loan_events" | "service_events" | "car_events";
export const consumers: readonly Consumer[] = ["loan_events", "service_events", "car_events"];

const audited = ["car_entities", "loan_entities", "service_record"] as const;

/**
 * Begins to write down changes. No change is under way while it begins, so what is committed later, by the clock of the database,
 * is exactly what is written down.
 *
 * @returns that moment, for `received`
 */
export async function beginAudit(ask: Query = query): Promise<string> {
  const text = "(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(%)))";
  await ask(
    "entities",
    `DO $do$ DECLARE t text; BEGIN
       LOCK TABLE car_entities, loan_entities, service_record IN EXCLUSIVE MODE;
       DROP SCHEMA IF EXISTS audit CASCADE;
       CREATE SCHEMA audit;
       CREATE TABLE audit.begun (begun timestamptz);
       CREATE TABLE audit.changes (id bigserial PRIMARY KEY, tbl text, op text, old jsonb, new jsonb);
       CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
         INSERT INTO audit.changes (tbl, op, old, new) VALUES (TG_TABLE_NAME, TG_OP,
           CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE ${text.replace("%", "OLD")} END,
           CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE ${text.replace("%", "NEW")} END);
         RETURN NULL;
       END $f$;
       FOREACH t IN ARRAY ARRAY['${audited.join("','")}'] LOOP
         EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION audit.note()', t);
       END LOOP;
       -- Event times have milliseconds: what was committed before the lock must lie in an earlier one.
       PERFORM pg_sleep(0.01);
       INSERT INTO audit.begun VALUES (clock_timestamp());
     END $do$`,
  );
  const [row] = await ask<{ begun: string }>("entities", "SELECT begun::text FROM audit.begun");
  return String(row?.begun);
}

/** Expected rows of a consumer, each as one line of text, with how often it must be there. */
export async function expected(consumer: Consumer, ask: Query = query): Promise<Map<string, number>> {
  const changes = await ask<Change>("entities", "SELECT id, tbl, op, old, new FROM audit.changes ORDER BY id");
  return counted(
    changes
      .map(eventOf)
      .filter((event) => wanted[consumer](event))
      .map(lineOf),
  );
}

/** The rows that the consumer has, of changes since the audit began. */
export async function received(consumer: Consumer, since: string, ask: Query = query): Promise<Map<string, number>> {
  type Stored = { event_name: string; entities: { entityType: string; entityId: string; updatedAttributes: Row }[] };
  const rows = await ask<Stored>("consumers", `SELECT event_name, entities FROM ${consumer} WHERE created_at > $1`, [
    since,
  ]);
  return counted(
    rows.map(({ event_name, entities }) => {
      const entity = entities[0] as Stored["entities"][number];
      return lineOf({
        name: event_name,
        type: entity.entityType,
        id: entity.entityId,
        attributes: entity.updatedAttributes,
      });
    }),
  );
}

/** Lines that are missing and lines that are too many, empty when both agree. */
export function difference(expected: ReadonlyMap<string, number>, received: ReadonlyMap<string, number>): string[] {
  const lines = new Set([...expected.keys(), ...received.keys()]);
  return [...lines].flatMap((line) => {
    const by = (received.get(line) ?? 0) - (expected.get(line) ?? 0);
    return by === 0 ? [] : [`${by > 0 ? `+${by}` : by}  ${line}`];
  });
}

export interface Event {
  readonly name: string;
  readonly type: string;
  readonly id: string;
  readonly attributes: Row;
  readonly row?: Row;
}

const wanted: Record<Consumer, (event: Event) => boolean> = {
  loan_events: ({ name, row }) =>
    (name === "LoanCreated" || name === "LoanPaymentSubmitted") &&
    (Number(row?.loan_amount) > 1_000_000 || row?.customer_tier === "gold" || row?.customer_tier === "platinum"),
  service_events: ({ name }) => name === "CarServiceScheduled" || name === "CarServiceCompleted",
  car_events: ({ type, name }) => type === "Car" && name !== "CarUpdated",
};

function eventOf(change: Change): Event {
  const row = (change.new ?? change.old) as Row;
  const attributes = changed(change);
  switch (change.tbl) {
    case "car_entities":
      return { type: "Car", id: String(row.car_id), name: carEvent(change), attributes, row };
    case "service_record":
      return { type: "Service", id: String(row.service_id), name: serviceEvent(change), attributes, row };
    case "loan_entities": {
      const always = {
        loanAmount: row.loan_amount ?? null,
        customerTier: row.customer_tier ?? null,
        status: row.status ?? null,
      };
      return {
        type: "Loan",
        id: String(row.loan_id),
        name: loanEvent(change),
        attributes: { ...attributes, ...always },
        row,
      };
    }
  }
}

const movedTo = ({ old, new: now }: Change) => (old?.status !== now?.status ? now?.status : undefined);

function carEvent(change: Change): string {
  if (change.op === "INSERT") return "CarCreated";
  if (change.op === "DELETE") return "CarDeleted";
  return { SOLD: "CarSold", RETIRED: "CarRetired" }[movedTo(change) ?? ""] ?? "CarUpdated";
}

function serviceEvent(change: Change): string {
  if (change.op === "DELETE") return "CarServiceDeleted";
  const names: Record<string, string> = {
    SCHEDULED: "CarServiceScheduled",
    IN_PROGRESS: "CarServiceStarted",
    COMPLETED: "CarServiceCompleted",
    CANCELLED: "CarServiceCancelled",
  };
  return names[movedTo(change) ?? ""] ?? "CarServiceUpdated";
}

function loanEvent(change: Change): string {
  if (change.op === "INSERT") return "LoanCreated";
  if (change.op === "DELETE") return "LoanDeleted";
  if (Number(change.new?.amount_paid) > Number(change.old?.amount_paid)) return "LoanPaymentSubmitted";
  const names = { APPROVED: "LoanApproved", CLOSED: "LoanClosed", DEFAULTED: "LoanDefaulted" };
  return names[(movedTo(change) ?? "") as keyof typeof names] ?? "LoanUpdated";
}

function changed({ op, old, new: now }: Change): Row {
  const columns = Object.keys((now ?? old) as Row).filter(
    (column) => op !== "UPDATE" || now?.[column] !== old?.[column],
  );
  return Object.fromEntries(columns.map((column) => [camelCase(column), (now ?? old)?.[column] ?? null]));
}

const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function lineOf({ name, type, id, attributes }: Event): string {
  const shown = Object.keys(attributes)
    .sort()
    .map((key) => `${key}=${instant(attributes[key] ?? null)}`);
  return `${name} ${type} ${id} ${shown.join(" ")}`;
}

/** Postgres writes +00:00 and no zeros at the end of a fraction, Debezium Z and all six digits. */
const instant = (value: string | null) =>
  value === null
    ? "∅"
    : value.replace(
        /^(\d{4}-\d\d-\d\dT[\d:]+)(?:\.(\d+?)0*)?(?:\+00:00|Z)$/,
        (_, time, fraction) => `${time}.${fraction ?? 0}Z`,
      );

function counted(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}
