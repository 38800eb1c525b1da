{%- set classes = ['matched', 'amount_mismatch', 'status_mismatch', 'missing_in_crm', 'missing_in_network',
                   'duplicate_claim', 'not_affiliate', 'not_yet_comparable'] %}

-- What staging makes of the records, before anything is joined, matched or left out, against what the classes hold.
with conversions as (

    select
        'network' as side,
        c.network,
        c.account_id,
        cast(null as varchar) as shop,
        c.sale_currency as currency,
        {{ month_of('c.occurred_at') }} as sale_month,
        count(*) as records,
        sum(case when held.network is null then c.sale_amount end) as amount
    from {{ ref('int_conversions__keyed') }} as c
    left join {{ ref('int_networks__held') }} as held on c.network = held.network
    group by c.network, c.account_id, c.sale_currency, {{ month_of('c.occurred_at') }}

),

-- Of an order whose verdict hangs on a held network the record is there, and no amount.
withheld as (

    select distinct order_key
    from {{ ref('fct_reconciliation_diffs') }}
    where side = 'order' and is_withheld

),

orders as (

    select
        'order' as side,
        cast(null as varchar) as network,
        cast(null as varchar) as account_id,
        o.shop,
        o.currency,
        {{ month_of('o.ordered_at') }} as sale_month,
        count(*) as records,
        sum(case when withheld.order_key is null then o.commissionable_amount end) as amount
    from {{ ref('int_orders__keyed') }} as o
    left join withheld on o.order_key = withheld.order_key
    group by o.shop, o.currency, {{ month_of('o.ordered_at') }}

),

told as (

    select * from conversions
    union all
    select * from orders

),

classed as (

    select
        side,
        case when side = 'network' then network end as network,
        case when side = 'network' then account_id end as account_id,
        case when side = 'order' then shop end as shop,
        case when side = 'network' then network_currency else order_currency end as currency,
        {{ month_of('occurred_at') }} as sale_month,
        class,
        case when is_withheld then null when side = 'network' then network_amount else order_amount end as amount
    from {{ ref('fct_reconciliation_diffs') }}

),

summed as (

    select
        side,
        network,
        account_id,
        shop,
        currency,
        sale_month,
        {%- for class in classes %}
        sum(case when class = '{{ class }}' then amount end) as {{ class }}_amount,
        {%- endfor %}
        sum(case when class in ('{{ classes | join("', '") }}') then 1 else 0 end) as records
    from classed
    group by side, network, account_id, shop, currency, sale_month

)

select
    coalesce(told.side, summed.side) as side,
    coalesce(told.network, summed.network) as network,
    coalesce(told.account_id, summed.account_id) as account_id,
    coalesce(told.shop, summed.shop) as shop,
    coalesce(told.currency, summed.currency) as currency,
    coalesce(told.sale_month, summed.sale_month) as sale_month,
    cast(coalesce(told.records, 0) as bigint) as records,
    cast(coalesce(summed.records, 0) as bigint) as records_in_classes,
    {{ money('told.amount') }} as total_amount,
    {%- for class in classes %}
    {{ money('summed.' ~ class ~ '_amount') }} as {{ class }}_amount,
    {%- endfor %}
    {{ money("coalesce(told.amount, 0) - (coalesce(summed." ~ classes | join("_amount, 0) + coalesce(summed.") ~ "_amount, 0))") }}
        as unclassed_amount
from told
full outer join summed
    on
        told.side = summed.side
        and coalesce(told.network, '') = coalesce(summed.network, '')
        and coalesce(told.account_id, '') = coalesce(summed.account_id, '')
        and coalesce(told.shop, '') = coalesce(summed.shop, '')
        and coalesce(told.currency, '') = coalesce(summed.currency, '')
        and coalesce(told.sale_month, cast('0001-01-01' as date)) = coalesce(summed.sale_month, cast('0001-01-01' as date))
