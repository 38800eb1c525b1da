{{ config(severity='warn') }}

-- Tests that were run apart may each count the same orders. Scale them, or take tests that were run together.
select comparison_level, measured_from_date, measured_to_date, sum(measured_fraction) as measured
from {{ ref('int_incrementality__combined') }}
group by comparison_level, measured_from_date, measured_to_date
having sum(measured_fraction) > 1
