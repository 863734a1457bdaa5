import { app, avro, capture, database, deadLetter, flinkJob, pipeline, routing, standIn, topic } from "../model";

/** Cars, loans and services change in Postgres; the teams that asked for some of those events get them, and only them. */
const entities = database("entities", { upstream: true });
const consumers = database("consumers");

const changes = capture(entities, "entities", {
  tables: ["car_entities", "loan_entities", "service_record"],
  compatibility: "BACKWARD",
});

const event = (name: string, schema: string) =>
  topic(name, { schema: avro(`business-events/${schema}`, "FULL"), key: "eventBody.entities[0].entityId" });
const raw = event("raw-business-events", "business-event");
const loans = event("filtered-loan-events", "filtered-event");
const services = event("filtered-service-events", "filtered-event");
const cars = event("filtered-car-events", "filtered-event");

const consumer = (name: string, reads: typeof loans, table: string) =>
  app(name, {
    runs: "business-events/consumer",
    reads: [reads],
    writes: [consumers.table(table)],
    rejects: deadLetter(reads),
  });

export const businessEvents = pipeline("business-events", [
  standIn("entities-simulator", { plays: entities, settings: { changesPerSecond: 20 } }),
  changes,
  flinkJob("to-events", { reads: changes.streams, writes: [raw] }),
  routing("route-events", { reads: raw, filters: "filters.yaml", writes: [loans, services, cars] }),
  consumer("loan-consumer", loans, "loan_events"),
  consumer("service-consumer", services, "service_events"),
  consumer("car-consumer", cars, "car_events"),
]);
