{# As `as_of_night` says: only what was known on that night and before. #}
{% macro until_night(instant) -%}
    {%- if var('as_of_night') -%}
    {{ instant }} <= cast('{{ var('as_of_night') }}' as timestamp)
    {%- else -%}
    1 = 1
    {%- endif -%}
{%- endmacro %}


{# What is noted of a difference; it has changed when one of these has. #}
{% macro difference_columns() -%}
    {{ return([
        'side', 'network', 'account_id', 'shop', 'record_id', 'conversion_key', 'order_key', 'publisher_id', 'class',
        'reason', 'occurred_at', 'network_amount', 'network_currency', 'order_amount', 'order_currency',
        'amount_difference', 'commission_at_risk', 'commission_currency', 'commission_at_risk_reporting',
        'reporting_currency'
    ]) }}
{%- endmacro %}
