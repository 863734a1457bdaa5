-- Every change that was ever found, for good: the whole history can be made again from it.
CREATE TABLE cdc_events (
  event_id         uuid PRIMARY KEY,
  company_id       text NOT NULL,
  table_name       text NOT NULL,
  row_key          text NOT NULL,
  version          integer NOT NULL,
  file_id          text NOT NULL,
  operation        text NOT NULL,
  changed_columns  text[] NOT NULL,
  before           jsonb,
  after            jsonb,
  changed_at       timestamptz NOT NULL,
  received_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT cdc_events_operation CHECK (operation IN ('insert', 'update', 'delete')),
  CONSTRAINT cdc_events_rows CHECK ((before IS NULL) = (operation = 'insert') AND (after IS NULL) = (operation = 'delete')),
  -- A row changes once from one version to the next.
  CONSTRAINT cdc_events_once UNIQUE (company_id, table_name, row_key, changed_at)
);
CREATE INDEX cdc_events_version ON cdc_events (company_id, table_name, version);

-- For equality beside a range in one index.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- What a row was, and when: valid from the first moment on, until before the second. Follows from cdc_events.
CREATE TABLE company_data (
  company_id  text NOT NULL,
  table_name  text NOT NULL,
  row_key     text NOT NULL,
  data        jsonb NOT NULL,
  version     integer NOT NULL,
  valid_from  timestamptz NOT NULL,
  valid_to    timestamptz NOT NULL DEFAULT 'infinity',
  PRIMARY KEY (company_id, table_name, row_key, valid_from),
  CONSTRAINT company_data_validity CHECK (valid_from < valid_to),
  -- Also the index of "as of".
  CONSTRAINT company_data_no_overlap
    EXCLUDE USING gist (company_id WITH =, table_name WITH =, row_key WITH =, tstzrange(valid_from, valid_to) WITH &&)
);

-- A company's table as it was at a time: SELECT * FROM company_data_as_of('acme', 'customers', '2026-01-31 12:00+05:30').
CREATE FUNCTION company_data_as_of(company text, tbl text, at timestamptz) RETURNS SETOF company_data
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT * FROM company_data
  WHERE company_id = company AND table_name = tbl AND tstzrange(valid_from, valid_to) @> at
$$;
