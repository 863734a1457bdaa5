-- The aggregates of each day that is over hold as many payments, and as much money, as its staged rows: none lost, none twice.
with facts as (
  select txn_date, sum(transactions) as transactions, sum(amount) as amount from {{ ref('fact_upi_aggregates') }} group by txn_date
),

staged as (
  -- Rows that came while the facts were built are of the next run.
  select txn_date, count(*) as transactions, sum(amount) as amount from {{ ref('stg_upi_transactions') }}
  where loaded_at < (select min(built_at) from {{ ref('fact_upi_aggregates') }}) or txn_date < (now() at time zone 'Asia/Kolkata')::date
  group by txn_date
)

select * from facts join staged using (txn_date)
where txn_date < (now() at time zone 'Asia/Kolkata')::date
  and (facts.transactions < staged.transactions or facts.amount < staged.amount)
