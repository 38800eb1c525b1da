select
    t.network,
    t.account_id,
    t.stream,
    t.span_start,
    t.span_end,
    t.as_of,
    t.agrees,
    -- What is compared again over the same days, or over more, speaks for them from then on.
    count(later.as_of) = 0 as is_current,
    t.expected_records,
    t.found_records,
    t.found_records - t.expected_records as records_difference,
    t.expected_amount,
    t.found_amount,
    {{ money('t.found_amount - t.expected_amount') }} as total_amount_difference,
    t.call_id
from {{ source('ops', 'control_totals') }} as t
left join {{ source('ops', 'control_totals') }} as later
    on
        t.network = later.network
        and t.account_id = later.account_id
        and t.stream = later.stream
        and t.as_of < later.as_of
        and t.span_start >= later.span_start
        and t.span_end <= later.span_end
group by
    t.network, t.account_id, t.stream, t.span_start, t.span_end, t.as_of, t.agrees, t.expected_records, t.found_records,
    t.expected_amount, t.found_amount, t.call_id
