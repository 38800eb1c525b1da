-- Both sides are all orders of the span: what is not measured is one of their parts. A withheld share is one too.
select attribution_model, comparison_level, measured_from_date, measured_to_date
from {{ ref('rpt_attribution_against_measured') }}
group by attribution_model, comparison_level, measured_from_date, measured_to_date
having
    sum(credited_fraction) > 1
    or (count(*) = count(credited_fraction) and sum(credited_fraction) <> 1)
    or min(credited_fraction) < 0
    or (count(*) = count(measured_fraction) and sum(measured_fraction) <> 1)
