-- One table per consumer, the same for each: what it received, keyed by the event's id, so that a replay changes nothing.
CREATE TABLE loan_events (
  uuid            uuid PRIMARY KEY,
  event_name      text NOT NULL,
  event_type      text NOT NULL,
  entity_type     text NOT NULL,
  entity_id       text NOT NULL,
  entities        jsonb NOT NULL,
  source_table    text NOT NULL,
  operation       text NOT NULL,
  filter_id       text NOT NULL,
  consumer_id     text NOT NULL,
  created_at      timestamptz NOT NULL,
  captured_at     timestamptz NOT NULL,
  filtered_at     timestamptz NOT NULL,
  received_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX loan_events_entity ON loan_events (entity_id, created_at);

CREATE TABLE service_events (LIKE loan_events INCLUDING ALL);
CREATE TABLE car_events (LIKE loan_events INCLUDING ALL);
