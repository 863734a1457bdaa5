-- Each attempt of each run of a schedule. One that has no end was killed, or is under way.
CREATE TABLE schedule_runs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule text NOT NULL,
  due_at timestamptz NOT NULL,
  -- The day that the run is for: the one that ended when it was due.
  day date NOT NULL,
  backfill boolean NOT NULL,
  attempt integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  rows bigint,
  error text
);
CREATE INDEX ON schedule_runs (schedule, started_at);
