{#
    Expressions that Post Affiliate Pro's two conversion models share, on the status map as `words`: `transactions`, each
    row in its current version with its words; `links`, which conversion each row belongs to. A first-tier row that is no
    refund is a conversion. A refund, and the commission of an upper tier, belongs to its parent's conversion; an upper
    tier without a parent to the one first-tier row of its order, campaign and type, if there is but one.
#}
{% macro pap_links(relation) -%}
current_rows as (

    {{ current_version(relation) }}

),

transactions as (

    select
        c.*,
        types.row_kind as type_kind,
        states.status as canonical_status,
        states.lock_state,
        payouts.payment_state,
        case
            when c.tier = 1 and coalesce(types.row_kind, 'original') <> 'adjustment' then 0
            else 1
        end as is_part
    from current_rows as c
    left join words as types on types.raw_field = 'rtype' and lower(c.rtype) = lower(types.raw_word)
    left join words as states on states.raw_field = 'rstatus' and lower(c.rstatus) = lower(states.raw_word)
    left join words as payouts
        on payouts.raw_field = 'payoutstatus' and lower(c.payoutstatus) = lower(payouts.raw_word)

),

siblings as (

    select
        upper_tier._account_id,
        upper_tier.transid,
        min(sale.transid) as sale_id
    from transactions as upper_tier
    inner join transactions as sale
        on
            upper_tier._account_id = sale._account_id
            and upper_tier.t_orderid = sale.t_orderid
            and upper_tier.rtype = sale.rtype
            and coalesce(upper_tier.campaignid, '') = coalesce(sale.campaignid, '')
    where
        upper_tier.is_part = 1
        and coalesce(upper_tier.type_kind, 'original') <> 'adjustment'
        and upper_tier.parenttransid is null
        and sale.is_part = 0
    group by upper_tier._account_id, upper_tier.transid
    having count(*) = 1

),

parents as (

    select
        t._account_id,
        t.transid,
        case when t.is_part = 1 then coalesce(nullif(t.parenttransid, t.transid), s.sale_id) end as parent_id
    from transactions as t
    left join siblings as s on t._account_id = s._account_id and t.transid = s.transid

),

-- A refund of an upper tier names that tier's row or the sale: two steps lead to the sale.
families as (

    select
        own._account_id,
        own.transid,
        coalesce(above.parent_id, own.parent_id, own.transid) as conversion_id
    from parents as own
    left join parents as above on own._account_id = above._account_id and own.parent_id = above.transid

),

links as (

    select
        f._account_id,
        f.transid,
        f.conversion_id,
        sale.canonical_status as sale_status
    from families as f
    left join transactions as sale on f._account_id = sale._account_id and f.conversion_id = sale.transid

)
{%- endmacro %}


{# What a row counts for: a declined refund takes nothing back, a tier declined alone earns nothing. #}
{% macro pap_counted(amount, kind, status, tier, sale_status) -%}
    case
        when {{ kind }} = 'adjustment' and {{ status }} = 'reversed' then 0
        when {{ tier }} > 1 and {{ status }} = 'reversed' and coalesce({{ sale_status }}, 'unknown') <> 'reversed' then 0
        else {{ amount }}
    end
{%- endmacro %}


{# The order's amount stands on the row of every tier; it counts on the first. #}
{% macro pap_sale(amount, kind, status, tier) -%}
    case
        when {{ tier }} > 1 then null
        when {{ kind }} = 'adjustment' and {{ status }} = 'reversed' then 0
        else {{ amount }}
    end
{%- endmacro %}


{# The letter of a row's type in the vendor's words. #}
{% macro pap_type(rtype) -%}
    case upper({{ rtype }})
        when 'S' then 'sale'
        when 'A' then 'action'
        when 'C' then 'click'
        when 'I' then 'impression'
        when 'B' then 'signup bonus'
        when 'U' then 'recurring'
        when 'F' then 'referral'
        when 'R' then 'refund'
        when 'H' then 'chargeback'
        when 'E' then 'extra bonus'
        else {{ rtype }}
    end
{%- endmacro %}
