-- Makes company_data again from cdc_events, and from nothing else. Nobody writes meanwhile: company-consumer waits.
CREATE FUNCTION company_data_rebuild() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  rows bigint;
BEGIN
  LOCK TABLE cdc_events, company_data IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM company_data;
  INSERT INTO company_data (company_id, table_name, row_key, data, version, valid_from, valid_to)
  SELECT company_id, table_name, row_key, after, version, changed_at, until
  FROM (
    SELECT *, coalesce(lead(changed_at) OVER (PARTITION BY company_id, table_name, row_key ORDER BY changed_at), 'infinity') AS until
    FROM cdc_events
  ) AS spans
  WHERE after IS NOT NULL;
  GET DIAGNOSTICS rows = ROW_COUNT;
  RETURN rows;
END
$$;
