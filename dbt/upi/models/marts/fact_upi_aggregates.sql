-- Payments of a day by status and by whether a merchant was paid, with the day's rate of success. Of days that rows came to since the last run, and of the day
-- that the run is for.
{{ config(unique_key='txn_date') }}

with days as (
  select distinct txn_date from {{ ref('stg_upi_transactions') }}
  {% if is_incremental() %}
  where loaded_at >= (select max(built_at) - interval '10 minutes' from {{ this }})
    {% if var('day') %} or txn_date = '{{ var("day") }}'::date {% endif %}
  {% endif %}
)

select
  txn_date,
  status,
  merchant_category is not null as to_merchant,
  count(*) as transactions,
  sum(amount) as amount,
  round(
    sum(count(*) filter (where status = 'SUCCESS')) over day
    / nullif(sum(count(*) filter (where status in ('SUCCESS', 'FAILED'))) over day, 0),
    6
  ) as success_rate,
  now() as built_at
from {{ ref('stg_upi_transactions') }}
where txn_date in (select txn_date from days)
group by txn_date, status, merchant_category is not null
window day as (partition by txn_date)
