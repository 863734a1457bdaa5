-- Each order is tagged: SUCCESS, or FAILED with every rule that it breaks. None is dropped.
CREATE TEMPORARY VIEW read_orders AS
SELECT
  *,
  TRY_CAST(amount AS DECIMAL(12, 2)) AS exact_amount,
  TRY_CAST(REPLACE(REPLACE(created_at, 'T', ' '), 'Z', '') AS TIMESTAMP(6)) AS created
FROM food_orders_raw;

CREATE TEMPORARY VIEW tagged_orders AS
SELECT
  *,
  CASE WHEN CARDINALITY(broken_rules) = 0 THEN 'SUCCESS' ELSE 'FAILED' END AS validation_status
FROM (
  SELECT
    *,
    ARRAY_REMOVE(ARRAY[
      CASE WHEN order_id IS NULL THEN 'order_id is missing' ELSE '' END,
      CASE WHEN exact_amount > 0 THEN '' ELSE 'amount is not greater than 0' END,
      CASE WHEN TRIM(customer_name) <> '' THEN '' ELSE 'customer_name is empty' END,
      CASE WHEN TRIM(restaurant_name) <> '' THEN '' ELSE 'restaurant_name is empty' END,
      CASE WHEN TRIM(item) <> '' THEN '' ELSE 'item is empty' END,
      CASE WHEN TRIM(order_status) <> '' THEN '' ELSE 'order_status is empty' END,
      CASE WHEN created IS NULL THEN 'created_at is no time' ELSE '' END
    ], '') AS broken_rules
  FROM read_orders
) AS checked;

INSERT INTO `food-orders`
SELECT
  order_id, customer_name, restaurant_name, item, exact_amount, order_status,
  CAST(created AS TIMESTAMP_LTZ(6)),
  validation_status,
  DATE_FORMAT(created, 'yyyy-MM-dd')
FROM tagged_orders
WHERE validation_status = 'SUCCESS';

INSERT INTO `food-orders-rejected`
SELECT
  order_id, customer_name, restaurant_name, item, amount, order_status, created_at,
  validation_status,
  broken_rules,
  COALESCE(DATE_FORMAT(created, 'yyyy-MM-dd'), 'unknown')
FROM tagged_orders
WHERE validation_status = 'FAILED';
