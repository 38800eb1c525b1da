{# A voucher as it is compared: without blanks around it, upper case; NULL if nothing is left. #}
{% macro voucher_word(voucher) -%}
    nullif(upper(trim({{ voucher }})), '')
{%- endmacro %}


{# What a rate may be taken of, by the word of the term. #}
{% macro agreed_bases() -%}
    {{ return(['net_goods', 'net_before_discount', 'net_with_shipping', 'gross']) }}
{%- endmacro %}


{# Where a commission was paid on another base: all amounts it may have been taken of, the likeliest first. #}
{% macro possible_bases() -%}
    {{ return(['gross', 'net_with_shipping', 'net_before_discount', 'before_refund', 'net_goods', 'reported_sale']) }}
{%- endmacro %}


{# The share of an order's amount that one conversion reports, in the currency of its commission (columns of
   int_conversions__measured). #}
{% macro share_of_base(amount) -%}
    {{ money('round(' ~ exact_share(
        exact_share(amount, 'converted_amount', 'unconverted_amount'), 'part_amount', 'parts_amount'
    ) ~ ', 6)') }}
{%- endmacro %}


{# What was given back of an order `o`: NULL is nothing, unless its status says that something was. #}
{% macro given_back(amount) -%}
    case when o.status = 'partially_refunded' then o.{{ amount }} else coalesce(o.{{ amount }}, 0) end
{%- endmacro %}


{# Commission of a sale by rate and flat amount, rounded as it is paid, before any cap. #}
{% macro commission_of(base_amount, rate, flat_amount, digits) -%}
    {{ round_to_minor_unit(
        '(' ~ exact_product('coalesce(' ~ base_amount ~ ', 0)', 'coalesce(' ~ rate ~ ', 0)')
        ~ ' + coalesce(' ~ flat_amount ~ ', 0))', digits) }}
{%- endmacro %}


{# The rate that is nearest among the whole half percents. #}
{% macro whole_half_percents(rate) -%}
    cast(round(({{ rate }}) * 200, 0) as decimal(28, 6)) * cast(0.005 as decimal(7, 6))
{%- endmacro %}


{# The smaller of an amount and a cap, which need not be there. #}
{% macro capped(amount, cap) -%}
    case when {{ cap }} < {{ amount }} then {{ cap }} else {{ amount }} end
{%- endmacro %}


{# The instant whose knowledge counts: the run's, one that was asked for, or the end of time. #}
{% macro known_moment(known_at) -%}
    {%- if known_at is none -%}
    brand.as_of
    {%- elif known_at == 'latest' -%}
    cast('9999-12-31' as timestamp)
    {%- else -%}
    cast('{{ known_at }}' as timestamp)
    {%- endif -%}
{%- endmacro %}
