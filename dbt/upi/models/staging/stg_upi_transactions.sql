-- Raw payments as columns, each record once, with its day in India. Money stays decimal. What cannot be read has no txn_id and is left out.
with records as (
  select
    txn_id,
    convert_from(record_value, 'UTF8')::json as payment,
    record_timestamp,
    loaded_at
  from {{ source('upi', 'raw_upi_transactions') }}
  -- A text with U+0000 is JSON, and no text of Postgres.
  where txn_id <> '' and position('\\u0000'::bytea in record_value) = 0
),

fields as (
  select
    txn_id,
    payment ->> 'timestamp' as happened,
    payment ->> 'payer' as payer,
    payment ->> 'payee' as payee,
    payment ->> 'amount' as amount,
    payment ->> 'status' as status,
    payment ->> 'merchant_category' as merchant_category,
    record_timestamp,
    loaded_at
  from records
),

typed as (
  select
    txn_id,
    case
      when happened ~ '^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
        and pg_input_is_valid(happened, 'timestamptz') then happened::timestamptz
    end as event_time,
    payer, payee,
    case when amount ~ '^-?\d{1,12}(\.\d{1,2})?$' then amount::numeric(14, 2) end as amount,
    status, merchant_category, record_timestamp, loaded_at
  from fields
)

select distinct on (txn_id, event_time)
  txn_id,
  event_time,
  (event_time at time zone 'Asia/Kolkata')::date as txn_date,
  payer, payee, amount, status, merchant_category, record_timestamp, loaded_at
from typed
where amount > 0
  and status in ('SUCCESS', 'FAILED', 'PENDING')
  and payer <> '' and payee <> ''
  and event_time <= record_timestamp + interval '1 hour'
order by txn_id, event_time, record_timestamp desc
