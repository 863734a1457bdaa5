-- Days are those of Asia/Kolkata; amounts are rupees.
CREATE TABLE daily_upi_summary (
  date date PRIMARY KEY,
  transactions bigint NOT NULL,
  successes bigint NOT NULL,
  failures bigint NOT NULL,
  -- Of those that came to an end; null while none did.
  success_rate numeric(7, 6),
  amount numeric(22, 2) NOT NULL,
  success_amount numeric(22, 2) NOT NULL
);

CREATE TABLE merchant_upi_summary (
  merchant text NOT NULL,
  date date NOT NULL,
  transactions bigint NOT NULL,
  amount numeric(22, 2) NOT NULL,
  PRIMARY KEY (merchant, date)
);
CREATE INDEX ON merchant_upi_summary (date);

-- What the generator sent: a row for each tick, written before its records are.
CREATE TABLE generator_manifest (
  run text NOT NULL,
  tick bigint NOT NULL,
  first_record bigint NOT NULL,
  records integer NOT NULL,
  at timestamptz NOT NULL,
  -- What, with the run's seed, makes the very same records again: {"seed": 1, "brokenShare": 0.01, …}
  settings jsonb NOT NULL,
  -- {"days": {"2026-11-21": {"SUCCESS": [count, paise], …}}, "merchants": {"2026-11-21": {"shop@bank": [count, paise]}}, "broken": {"amount_missing": count}}
  sums jsonb NOT NULL,
  PRIMARY KEY (run, tick)
);
