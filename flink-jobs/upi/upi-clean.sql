-- Payments that break no rule go on, with their time in UTC; the others go to the dead letter with every rule that they break.

CREATE TEMPORARY VIEW parsed AS
SELECT
  *,
  CASE WHEN REGEXP(amount, '^-?[0-9]{1,12}(\.[0-9]{1,2})?$') THEN CAST(amount AS DECIMAL(14, 2)) END AS rupees,
  -- 2026-11-21T09:30:00.123+05:30, with Z or an offset, with or without a fraction. Flink casts texts without a zone only.
  CASE WHEN REGEXP(`timestamp`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$')
    THEN TRY_CAST(
      REPLACE(CASE WHEN `timestamp` LIKE '%Z' THEN SUBSTRING(`timestamp`, 1, CHAR_LENGTH(`timestamp`) - 1)
        ELSE SUBSTRING(`timestamp`, 1, CHAR_LENGTH(`timestamp`) - 6) END, 'T', ' ') AS TIMESTAMP(3))
  END AS wall_time,
  CASE WHEN `timestamp` LIKE '%Z' THEN 0
    ELSE TRY_CAST(SUBSTRING(`timestamp`, CHAR_LENGTH(`timestamp`) - 5, 3) AS INT) * 60
      + TRY_CAST(SUBSTRING(`timestamp`, CHAR_LENGTH(`timestamp`) - 5, 1) || SUBSTRING(`timestamp`, CHAR_LENGTH(`timestamp`) - 1, 2) AS INT)
  END AS offset_minutes
FROM upi_transactions;

CREATE TEMPORARY VIEW judged AS
SELECT
  *,
  TIMESTAMPADD(MINUTE, -offset_minutes, wall_time) AS event_time,
  CONCAT_WS(' ',
    CASE WHEN txn_id IS NULL OR txn_id = '' THEN 'txn_id_missing' END,
    CASE WHEN payer IS NULL OR payer = '' THEN 'payer_missing' END,
    CASE WHEN payee IS NULL OR payee = '' THEN 'payee_missing' END,
    CASE WHEN amount IS NULL THEN 'amount_missing' WHEN rupees IS NULL THEN 'amount_unreadable' WHEN rupees <= 0 THEN 'amount_not_positive' END,
    CASE WHEN status IS NULL THEN 'status_missing' WHEN status NOT IN ('SUCCESS', 'FAILED', 'PENDING') THEN 'status_unknown' END,
    CASE WHEN `timestamp` IS NULL THEN 'timestamp_missing' WHEN wall_time IS NULL THEN 'timestamp_unreadable'
      -- To Flink, February 30 is February 28.
      WHEN EXTRACT(DAY FROM wall_time) <> TRY_CAST(SUBSTRING(`timestamp`, 9, 2) AS INT) THEN 'timestamp_unreadable'
      -- A payment that has not happened yet would be counted on a day to come.
      WHEN TIMESTAMPADD(MINUTE, -offset_minutes, wall_time) > TIMESTAMPADD(HOUR, 1, CAST(record_timestamp AS TIMESTAMP(3))) THEN 'timestamp_in_future' END
  ) AS broken_rules
FROM parsed;

INSERT INTO upi_clean_transactions
SELECT
  txn_id,
  CAST(event_time AS STRING) || 'Z' AS event_time,
  payer, payee,
  CAST(rupees AS STRING) AS amount,
  status, bank, merchant_category, device, city,
  txn_id AS key_txn_id
FROM judged WHERE broken_rules = '';

INSERT INTO `upi_transactions.dlq`
SELECT record_value, record_key, MAP_UNION(record_headers, MAP['reason', ENCODE(broken_rules, 'UTF-8')])
FROM judged WHERE broken_rules <> '';
