-- Row changes of cars, loans and services become business events: the table, the operation and what changed say what happened.

CREATE TEMPORARY VIEW loan_events AS
SELECT
  event_id, op, committed_at, captured_at,
  'loan_entities' AS source_table,
  'Loan' AS entity_type,
  loan_id AS entity_id,
  CASE
    WHEN op IN ('c', 'r') THEN 'LoanCreated'
    WHEN op = 'd' THEN 'LoanDeleted'
    -- A payment that also closes the loan is still a payment: money that came in must not hide behind a status.
    -- TRY_CAST, because NaN is a numeric to Postgres and would stop the stream.
    WHEN TRY_CAST(after.amount_paid AS DECIMAL(38, 9)) > TRY_CAST(before.amount_paid AS DECIMAL(38, 9))
      THEN 'LoanPaymentSubmitted'
    WHEN status IS NOT DISTINCT FROM before.status THEN 'LoanUpdated'
    WHEN status = 'APPROVED' THEN 'LoanApproved'
    WHEN status = 'CLOSED' THEN 'LoanClosed'
    WHEN status = 'DEFAULTED' THEN 'LoanDefaulted'
    ELSE 'LoanUpdated'
  END AS event_name,
  -- Rules are written about these three, so that every loan event tells them, changed or not.
  MAP_UNION(
    MAP['loanAmount', CAST(loan_amount AS STRING), 'customerTier', customer_tier, 'status', status],
    changed
  ) AS attributes
FROM loan_entities_changes;

CREATE TEMPORARY VIEW car_events AS
SELECT
  event_id, op, committed_at, captured_at,
  'car_entities' AS source_table,
  'Car' AS entity_type,
  car_id AS entity_id,
  CASE
    WHEN op IN ('c', 'r') THEN 'CarCreated'
    WHEN op = 'd' THEN 'CarDeleted'
    WHEN status IS NOT DISTINCT FROM before.status THEN 'CarUpdated'
    WHEN status = 'SOLD' THEN 'CarSold'
    WHEN status = 'RETIRED' THEN 'CarRetired'
    ELSE 'CarUpdated'
  END AS event_name,
  changed AS attributes
FROM car_entities_changes;

CREATE TEMPORARY VIEW service_events AS
SELECT
  event_id, op, committed_at, captured_at,
  'service_record' AS source_table,
  'Service' AS entity_type,
  service_id AS entity_id,
  CASE
    WHEN op = 'd' THEN 'CarServiceDeleted'
    WHEN op = 'u' AND status IS NOT DISTINCT FROM before.status THEN 'CarServiceUpdated'
    -- A new status names the event, also that of a row which is itself new: some services are entered after the fact.
    WHEN status = 'SCHEDULED' THEN 'CarServiceScheduled'
    WHEN status = 'IN_PROGRESS' THEN 'CarServiceStarted'
    WHEN status = 'COMPLETED' THEN 'CarServiceCompleted'
    WHEN status = 'CANCELLED' THEN 'CarServiceCancelled'
    ELSE 'CarServiceUpdated'
  END AS event_name,
  changed AS attributes
FROM service_record_changes;

INSERT INTO `raw-business-events`
SELECT
  ROW(
    event_id,
    event_name,
    committed_at,
    captured_at,
    CASE op WHEN 'c' THEN 'CREATED' WHEN 'u' THEN 'UPDATED' WHEN 'd' THEN 'DELETED' ELSE 'SNAPSHOT' END
  ) AS eventHeader,
  ROW(ARRAY[ROW(entity_type, entity_id, attributes)]) AS eventBody,
  ROW(source_table, op, committed_at) AS sourceMetadata,
  entity_id AS key_entity_id
FROM (
  SELECT * FROM loan_events
  UNION ALL
  SELECT * FROM car_events
  UNION ALL
  SELECT * FROM service_events
);
