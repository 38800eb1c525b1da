-- And one difference is never more than the distance: what one part has too much, others have too little.
select attribution_model, comparison_level, measured_from_date, measured_to_date
from {{ ref('rpt_attribution_distance') }}
where
    distance_fraction < 0
    or distance_fraction > 1
    or scaled_distance_fraction < 0
    or scaled_distance_fraction > 1
    or abs(largest_difference_fraction) > distance_fraction
