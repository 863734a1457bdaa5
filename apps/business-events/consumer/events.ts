import { z } from "zod";
import { BadRecord } from "../../lib/errors";

/** As Postgres writes them. Any version: these are hashes, and say nothing of one. */
const uuid = z.guid("must be a UUID").toLowerCase();
const text = z.string();
const epochMs = z.int();
/** Passed on as it is, whatever its attributes are named. */
const attributes = z.custom<Readonly<Record<string, string | null>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((one) => one === null || typeof one === "string"),
  "must be a map of texts",
);

/**
 * A filtered event, as `schemas/business-events/filtered-event.avsc` has it. Fields that were added later are let through: those of an entity reach the
 * table in `entities`.
 */
const filteredEvent = z.object({
  eventHeader: z.object({ uuid, eventName: text, createdDate: epochMs, savedDate: epochMs, eventType: text }),
  eventBody: z.object({
    entities: z.array(z.looseObject({ entityType: text, entityId: text, updatedAttributes: attributes })).min(1),
  }),
  sourceMetadata: z.object({ table: text, operation: text }),
  filterMetadata: z.object({ filterId: text, consumerId: text, filteredAt: epochMs }),
});

/** A row of a consumer's table, by column. Times are epoch milliseconds. */
export interface EventRow {
  readonly uuid: string;
  readonly event_name: string;
  readonly event_type: string;
  /** Of the first entity. */
  readonly entity_type: string;
  readonly entity_id: string;
  /** JSON. */
  readonly entities: string;
  readonly source_table: string;
  readonly operation: string;
  readonly filter_id: string;
  readonly consumer_id: string;
  readonly created_at: number;
  readonly captured_at: number;
  readonly filtered_at: number;
}

/** @throws BadRecord when it is no filtered event, with all that is wrong. */
export function toRow(decoded: unknown): EventRow {
  const parsed = filteredEvent.safeParse(decoded);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new BadRecord(`it is no filtered event: ${wrong.join("; ")}`);
  }
  const { eventHeader: header, eventBody, sourceMetadata: source, filterMetadata: filter } = parsed.data;
  const [first] = eventBody.entities;
  return {
    uuid: header.uuid,
    event_name: header.eventName,
    event_type: header.eventType,
    entity_type: first?.entityType ?? "",
    entity_id: first?.entityId ?? "",
    entities: JSON.stringify(eventBody.entities, exact),
    source_table: source.table,
    operation: source.operation,
    filter_id: filter.filterId,
    consumer_id: filter.consumerId,
    created_at: header.createdDate,
    captured_at: header.savedDate,
    filtered_at: filter.filteredAt,
  };
}

/** JSON has no numbers of 64 bits that everyone reads alike: those beyond 2⁵³ are text. */
const exact = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
