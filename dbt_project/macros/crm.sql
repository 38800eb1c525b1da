{#
    What a partner may earn on: net of tax, shipping, discount and what was given back; nothing of an order whose status is
    one of `void`.
#}
{% macro commissionable_amount(subtotal, void) -%}
    case
        when status in ('{{ void | join("', '") }}') then {{ money('0') }}
        else {{ money(subtotal ~ ' - coalesce(discount, 0) - coalesce(refunded_subtotal, 0)') }}
    end
{%- endmacro %}


{# All versions of the records of one CRM system, all systems in one shape. #}
{% macro crm_records(system, stream) -%}
{%- set versions = '(partition by _account_id, _key order by _observed_at, _fetched_at, _row_hash)' -%}
select
    '{{ system }}:' || _account_id || ':' || record_id as record_key,
    '{{ system }}' as order_source,
    '{{ stream }}' as stream,
    _account_id as account_id,
    record_id,
    cast(row_number() over {{ versions }} as integer) as version_number,
    lead(_key) over {{ versions }} is null as is_current,
    coalesce(shop, _account_id) as shop,
    order_id,
    stage,
    is_closed,
    is_won,
    coalesce(is_deleted, false) as is_deleted,
    merged_ids,
    ordered_at,
    coalesce(updated_at, ordered_at) as updated_at,
    -- Of a record that tells no time of change: when it was seen so.
    coalesce(updated_at, _observed_at) as changed_at,
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
from {{ source('valid_crm', stream) }}
{%- endmacro %}
