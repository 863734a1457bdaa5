-- Days are those of Asia/Kolkata. Partitions are named <table>_<yyyymmdd>.
CREATE FUNCTION day_begins(day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT day::timestamp AT TIME ZONE 'Asia/Kolkata'
$$;

-- Makes the partitions of today and of the days ahead, moves what waits in the default partition to its day, and drops the days before the last `keep`.
-- Returns how many partitions were made and dropped. Run twice, it does nothing the second time. It does what only the owner of the tables may do, for those
-- who may call it.
CREATE FUNCTION keep_partitions(parent regclass, ahead integer, keep integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  today date := (now() AT TIME ZONE 'Asia/Kolkata')::date;
  oldest date := today - keep;
  name text := (SELECT relname FROM pg_class WHERE oid = parent);
  order_by text := (SELECT attname FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
              WHERE p.partrelid = parent);
  day date;
  partition text;
  changed integer := 0;
BEGIN
  IF keep < 1 OR ahead < 0 THEN RAISE EXCEPTION 'at least one day is kept'; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('keep_partitions ' || name));
  -- Nobody waits for long: what does not get its lock is tried again by the next run.
  SET LOCAL lock_timeout = '10s';
  EXECUTE format('DELETE FROM %I WHERE %I < %L', name || '_default', order_by, day_begins(oldest));
  FOR day IN EXECUTE format(
    'SELECT d::date FROM generate_series(%L::timestamp, %L::timestamp, ''1 day'') d UNION SELECT DISTINCT (%I AT TIME ZONE ''Asia/Kolkata'')::date FROM %I',
    today, today + ahead, order_by, name || '_default')
  LOOP
    partition := name || '_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
    -- Rows must not come to the default partition between moving and attaching.
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name || '_default');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, name);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
      name || '_default', order_by, day_begins(day), order_by, day_begins(day + 1), partition);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, partition, day_begins(day), day_begins(day + 1));
    changed := changed + 1;
  END LOOP;
  FOR partition IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = parent AND c.relname ~ '_\d{8}$' AND to_date(right(c.relname, 8), 'YYYYMMDD') < oldest
  LOOP
    EXECUTE format('DROP TABLE %I', partition);
    changed := changed + 1;
  END LOOP;
  RETURN changed;
END $$;
REVOKE EXECUTE ON FUNCTION keep_partitions(regclass, integer, integer) FROM PUBLIC;
