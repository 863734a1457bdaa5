import { toRow } from "../../../../apps/business-events/consumer/events";
import { BadRecord } from "../../../../apps/lib/errors";
import { sampleEvent, sampleUuid } from "./support";

test("an event becomes a row", () => {
  expect(toRow(sampleEvent(1))).toEqual({
    uuid: sampleUuid(1),
    event_name: "LoanCreated",
    event_type: "CREATED",
    entity_type: "Loan",
    entity_id: "loan-1",
    entities:
      '[{"entityType":"Loan","entityId":"loan-1","updatedAttributes":{"loanAmount":"1500000.00","ownerId":null}}]',
    source_table: "loan_entities",
    operation: "c",
    filter_id: "large-loans",
    consumer_id: "loan-consumer",
    created_at: 1_764_000_000_124,
    captured_at: 1_764_000_000_456,
    filtered_at: 1_764_000_000_789,
  });
});

test("fields that came later are let through; those of an entity reach the row, exact", () => {
  const event = sampleEvent(1);
  const [entity] = event.eventBody.entities;
  const later = {
    ...event,
    added: "x",
    eventHeader: { ...event.eventHeader, traceId: "t" },
    eventBody: { entities: [{ ...entity, region: "south", sequence: 2n ** 60n + 1n }], more: null },
  };
  expect(JSON.parse(toRow(later).entities)).toEqual([{ ...entity, region: "south", sequence: "1152921504606846977" }]);
});

test("several entities are all kept; the first names the row", () => {
  const event = sampleEvent(1);
  const second = { entityType: "Car", entityId: "car-9", updatedAttributes: {} };
  const row = toRow({ ...event, eventBody: { entities: [...event.eventBody.entities, second] } });
  expect([row.entity_type, row.entity_id, JSON.parse(row.entities)[1]]).toEqual(["Loan", "loan-1", second]);
});

test("attributes keep whatever name they have", () => {
  const attributes = JSON.parse('{"__proto__": "a", "constructor": "b", "": "c"}');
  expect(toRow(sampleEvent(1, attributes)).entities).toContain('{"__proto__":"a","constructor":"b","":"c"}');
});

test("a UUID in capitals is the same event", () => {
  const event = sampleEvent(1);
  expect(toRow({ ...event, eventHeader: { ...event.eventHeader, uuid: sampleUuid(1).toUpperCase() } }).uuid).toBe(
    sampleUuid(1),
  );
});

test("all that is wrong is named", () => {
  const event = sampleEvent(1);
  const wrong = {
    ...event,
    eventHeader: { ...event.eventHeader, uuid: "not-a-uuid", createdDate: 2n ** 60n },
    eventBody: { entities: [] },
  };
  expect(() => toRow(wrong)).toThrow(BadRecord);
  expect(() => toRow(wrong)).toThrow(
    /eventHeader\.uuid: must be a UUID; eventHeader\.createdDate: .*; eventBody\.entities: /,
  );
});

test.each([null, undefined, "text", 7, {}, [], { eventHeader: null }])("%j is no event", (value) => {
  expect(() => toRow(value)).toThrow(BadRecord);
});
