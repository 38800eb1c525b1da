{#
    The current rows of an account's own campaign with the conversion that each belongs to: click and transaction of the
    sale. A row that brings something is one by itself. A negative row belongs to the sale on its click whose transaction
    its own begins with; else to one without a transaction, else to the only one there; else it stands for itself.

    conversions: the relation of conversion rows.
#}
{% macro voluum_rows(conversions) -%}
    select
        r.*,
        coalesce(s.sale_transaction_id, r.transaction_id) as sale_transaction_id,
        r.click_id || ':' || coalesce(
            case when s.row_id is null then r.transaction_id else s.sale_transaction_id end, ''
        ) as conversion_id,
        r.revenue < 0 as is_adjustment
    from ({{ current_version(conversions) }}) as r
    left join (
        select
            a._account_id,
            a.row_id,
            o.transaction_id as sale_transaction_id,
            row_number() over (
                partition by a._account_id, a.row_id
                order by
                    case when left(a.transaction_id, length(o.transaction_id)) = o.transaction_id then 0 else 1 end,
                    coalesce(length(o.transaction_id), 0) desc,
                    o.postback_timestamp,
                    o.row_id
            ) as nearness
        from ({{ current_version(conversions) }}) as a
        inner join (
            select
                *,
                count(*) over (partition by _account_id, click_id) as sales_on_click
            from ({{ current_version(conversions) }}) as every_row
            where revenue >= 0
        ) as o on a._account_id = o._account_id and a.click_id = o.click_id
        where
            a.revenue < 0
            and (
                o.transaction_id is null
                or left(a.transaction_id, length(o.transaction_id)) = o.transaction_id
                or o.sales_on_click = 1
            )
    ) as s on r._account_id = s._account_id and r.row_id = s.row_id and s.nearness = 1
    where r.campaign_id = r._account_id
{%- endmacro %}
