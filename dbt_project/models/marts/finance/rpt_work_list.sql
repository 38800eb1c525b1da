{%- set columns = [
    'work_key', 'work_kind', 'network', 'account_id', 'shop', 'record_id', 'conversion_key', 'order_key', 'publisher_id',
    'class', 'reason', 'occurred_at', 'risk_amount', 'risk_currency', 'risk_amount_reporting', 'reporting_currency',
    '_page_id', '_load_id', '_run_id',
] %}

-- A pair is told by its conversion; an order only where no conversion stands for it.
with differences as (

    select
        d.diff_key as work_key,
        'reconciliation' as work_kind,
        d.network,
        d.account_id,
        d.shop,
        d.record_id,
        d.conversion_key,
        d.order_key,
        d.publisher_id,
        d.class,
        d.reason,
        d.occurred_at,
        d.commission_at_risk as risk_amount,
        d.commission_currency as risk_currency,
        d.commission_at_risk_reporting as risk_amount_reporting,
        d.reporting_currency,
        d._page_id,
        d._load_id,
        d._run_id
    from {{ ref('fct_reconciliation_diffs') }} as d
    where
        d.class not in ('matched', 'not_affiliate', 'not_yet_comparable')
        and not d.is_withheld
        and (d.side = 'network' or d.conversion_key is null)

),

-- The commission of a sale that stands. Where its amount differs too, what is paid on that amount is told there already.
commissions as (

    select
        'commission:' || f.conversion_key as work_key,
        'commission' as work_kind,
        f.network,
        f.account_id,
        d.shop,
        f.conversion_id as record_id,
        f.conversion_key,
        f.order_key,
        f.publisher_id,
        d.class,
        f.commission_reason as reason,
        f.occurred_at,
        -- What is paid too little is no money of the brand's at risk.
        {% for suffix in ['', '_reporting'] -%}
        case
            when f.commission_difference > 0
                then {{ money('f.commission_difference' ~ suffix ~ ' - coalesce(d.commission_at_risk' ~ suffix ~ ', 0)') }}
            else {{ money('0') }}
        end as risk_amount{{ suffix }},
        {% endfor -%}
        f.commission_currency as risk_currency,
        f.reporting_currency,
        f._page_id,
        f._load_id,
        f._run_id
    from {{ ref('fct_commission_differences') }} as f
    inner join {{ ref('fct_reconciliation_diffs') }} as d
        on f.conversion_key = d.conversion_key and d.side = 'network'
    left join {{ ref('currencies') }} as currencies on f.commission_currency = currencies.currency
    where
        not f.is_withheld
        and f.commission_difference <> 0
        and f.commission_reason not in ('as_agreed', 'rounding')
        and (
            d.class = 'matched'
            or (
                d.class = 'amount_mismatch'
                and f.commission_reason <> 'wrong_base'
                and (f.commission_difference < 0 or f.commission_difference > coalesce(d.commission_at_risk, 0))
            )
            -- Taken of the sale as it was reported, the two are the same but for rounding; of another base they are not.
            or (
                d.class = 'amount_mismatch'
                and f.commission_reason = 'wrong_base'
                and {{ minor_units('f.commission_difference - coalesce(d.commission_at_risk, 0)', 'currencies.minor_unit_digits') }} > 1
            )
        )

),

together as (

    select
        {{ columns | join(',
        ') }}
    from differences
    union all
    select
        {{ columns | join(',
        ') }}
    from commissions

),

dated as (

    select
        t.*,
        coalesce(decided.status, 'open') as difference_status,
        decided.owner,
        c.locks_at as act_by_at,
        c.locks_at_source,
        -- Whole hours that are left, and none of one that has begun.
        cast({{ whole_quotient(dbt.datediff('brand.as_of', 'c.locks_at', 'second') ~ ' - case when c.locks_at < brand.as_of then 3599 else 0 end', '3600') }} as bigint)
            as hours_left
    from together as t
    cross join {{ source('config', 'brand') }} as brand
    left join {{ ref('fct_conversions') }} as c on t.conversion_key = c.conversion_key
    left join {{ ref('fct_differences') }} as decided on t.work_key = decided.diff_key
    -- What is locked, or settled by decision, is nothing to work on.
    where
        (c.conversion_key is null or c.lock_state <> 'locked')
        and coalesce(decided.status, 'open') not in ('accepted', 'written_off')

),

bucketed as (

    select
        *,
        case
            when hours_left is null then 'no_deadline_known'
            when hours_left < 0 then 'passed'
            when hours_left < 72 then 'within_72_hours'
            when hours_left < 168 then 'within_7_days'
            else 'later'
        end as deadline_bucket
    from dated

)

select
    work_key,
    cast(row_number() over (
        order by
            case deadline_bucket
                when 'within_72_hours' then 1
                when 'within_7_days' then 2
                when 'later' then 3
                when 'no_deadline_known' then 4
                else 5
            end,
            coalesce(risk_amount_reporting, risk_amount, 0) desc,
            act_by_at,
            work_key
    ) as integer) as work_rank,
    work_kind,
    network,
    account_id,
    shop,
    record_id,
    conversion_key,
    order_key,
    publisher_id,
    class,
    reason as work_reason,
    {{ next_step_of('class', 'reason') }} as work_step,
    difference_status,
    owner,
    occurred_at,
    deadline_bucket,
    act_by_at,
    locks_at_source,
    hours_left,
    risk_amount,
    risk_currency,
    risk_amount_reporting,
    reporting_currency,
    _page_id,
    _load_id,
    _run_id
from bucketed
