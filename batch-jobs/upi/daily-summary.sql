-- Sums of whole days in Asia/Kolkata: of the day that a run is for, and of every day that rows came to since the last run that succeeded.
-- millrace.day and millrace.since are set for each run. Run twice, it changes nothing the second time.

INSERT INTO daily_upi_summary AS former (date, transactions, successes, failures, success_rate, amount, success_amount)
WITH days AS (
  SELECT current_setting('millrace.day')::date AS date
  UNION
  SELECT DISTINCT (event_time AT TIME ZONE 'Asia/Kolkata')::date FROM clean_upi_transactions
  WHERE loaded_at >= current_setting('millrace.since')::timestamptz
)
SELECT
  date,
  count(txn_id),
  count(*) FILTER (WHERE status = 'SUCCESS'),
  count(*) FILTER (WHERE status = 'FAILED'),
  round(count(*) FILTER (WHERE status = 'SUCCESS')::numeric / nullif(count(*) FILTER (WHERE status IN ('SUCCESS', 'FAILED')), 0), 6),
  coalesce(sum(amount), 0),
  coalesce(sum(amount) FILTER (WHERE status = 'SUCCESS'), 0)
FROM days LEFT JOIN clean_upi_transactions ON event_time >= day_begins(date) AND event_time < day_begins(date + 1)
GROUP BY date
ON CONFLICT (date) DO UPDATE SET
  transactions = excluded.transactions, successes = excluded.successes, failures = excluded.failures,
  success_rate = excluded.success_rate, amount = excluded.amount, success_amount = excluded.success_amount
WHERE (former.*) IS DISTINCT FROM (excluded.*);

-- A merchant is whoever is paid under a merchant category; the amount is what reached him.
INSERT INTO merchant_upi_summary AS former (merchant, date, transactions, amount)
WITH days AS (
  SELECT current_setting('millrace.day')::date AS date
  UNION
  SELECT DISTINCT (event_time AT TIME ZONE 'Asia/Kolkata')::date FROM clean_upi_transactions
  WHERE loaded_at >= current_setting('millrace.since')::timestamptz
)
SELECT payee, date, count(*), coalesce(sum(amount) FILTER (WHERE status = 'SUCCESS'), 0)
FROM days JOIN clean_upi_transactions ON event_time >= day_begins(date) AND event_time < day_begins(date + 1)
WHERE merchant_category IS NOT NULL
GROUP BY payee, date
ON CONFLICT (merchant, date) DO UPDATE SET transactions = excluded.transactions, amount = excluded.amount
WHERE (former.*) IS DISTINCT FROM (excluded.*);
