{#
    The lines of the ledger with the conversion that each belongs to, and whether it corrects one: a negative line takes
    something back where pieces come back, or where its article was sold on this order; a discount does neither. A token
    may show several advertisers: each belongs to the account of its own.
#}
{% macro rakuten_lines(ledger) -%}
    select
        *,
        case
            when sales >= 0 and total_commission >= 0 then false
            when items < 0 then true
            when sum(case when sales > 0 then 1 else 0 end)
                over (partition by _account_id, conversion_id, coalesce(sku_number, '')) > 0 then true
            else sum(case when sales > 0 then 1 else 0 end) over (partition by _account_id, conversion_id) = 0
        end as is_adjustment
    from (
        select
            *,
            coalesce(order_id, transaction_id) || ':' || publisher_id as conversion_id
        from {{ ledger }}
        where _account_id like '%.' || mid
    ) as lines
{%- endmacro %}
