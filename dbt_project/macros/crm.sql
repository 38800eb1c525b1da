{# The records of one CRM system in their current version, all systems in one shape. #}
{% macro crm_records(system, stream) -%}
select
    '{{ system }}:' || _account_id || ':' || record_id as record_key,
    '{{ system }}' as order_source,
    '{{ stream }}' as stream,
    _account_id as account_id,
    record_id,
    coalesce(shop, _account_id) as shop,
    order_id,
    stage,
    is_closed,
    is_won,
    coalesce(is_deleted, false) as is_deleted,
    merged_ids,
    ordered_at,
    coalesce(updated_at, ordered_at) as updated_at,
    _observed_at as observed_at,
    currency,
    {{ money('amount') }} as amount,
    {{ money('subtotal') }} as subtotal,
    {{ money('discount') }} as discount,
    {{ money('shipping') }} as shipping,
    {{ money('tax') }} as tax,
    {{ money('refunded') }} as refunded,
    {{ money('refunded_subtotal') }} as refunded_subtotal,
    {{ money('gift_card') }} as gift_card,
    cast(item_count as integer) as item_count,
    voucher_code,
    customer_hash,
    customer_type,
    _page_id,
    _load_id,
    _run_id
from (
    {{ current_version(source('valid_crm', stream)) }}
) as records
{%- endmacro %}
