-- A rate of success lies from 0 to 1.
select * from {{ ref('fact_upi_aggregates') }} where success_rate not between 0 and 1
