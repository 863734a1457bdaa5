-- Every payment as it came, also those that cannot be read: they have no txn_id.
CREATE TABLE raw_upi_transactions (
  record_timestamp timestamptz NOT NULL,
  record_partition integer NOT NULL,
  record_offset bigint NOT NULL,
  txn_id text,
  "timestamp" text,
  record_value bytea,
  loaded_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (record_timestamp);
CREATE INDEX ON raw_upi_transactions (txn_id);
CREATE INDEX ON raw_upi_transactions ("timestamp");
-- Rows come in the order of these: a block of pages has a narrow range, and an index of ranges costs next to nothing.
CREATE INDEX ON raw_upi_transactions USING brin (loaded_at);

-- Payments that break no rule, each once. The key of a partitioned table holds what it is partitioned by: a payment's time is its own, and does not change.
CREATE TABLE clean_upi_transactions (
  txn_id text NOT NULL,
  event_time timestamptz NOT NULL,
  payer text NOT NULL,
  payee text NOT NULL,
  amount numeric(14, 2) NOT NULL CHECK (amount > 0),
  status text NOT NULL CHECK (status IN ('SUCCESS', 'FAILED', 'PENDING')),
  bank text,
  merchant_category text,
  device text,
  city text,
  loaded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (txn_id, event_time)
) PARTITION BY RANGE (event_time);
CREATE INDEX ON clean_upi_transactions USING brin (event_time);
CREATE INDEX ON clean_upi_transactions (status);
CREATE INDEX ON clean_upi_transactions (payee);
CREATE INDEX ON clean_upi_transactions USING brin (loaded_at);

-- Whatever has no partition yet goes here, so that no insert fails for want of one; keep_partitions moves it on.
CREATE TABLE raw_upi_transactions_default PARTITION OF raw_upi_transactions DEFAULT;
CREATE TABLE clean_upi_transactions_default PARTITION OF clean_upi_transactions DEFAULT;

-- A payment that was corrected counts as late: its day is summed up again.
CREATE FUNCTION mark_as_loaded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.loaded_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER corrected BEFORE UPDATE ON clean_upi_transactions FOR EACH ROW EXECUTE FUNCTION mark_as_loaded();

CREATE TABLE loader_offsets (
  loader text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  PRIMARY KEY (loader, topic, partition)
);
