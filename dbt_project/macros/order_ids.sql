{#
    The text two systems' order ids are compared by: upper case, letters and digits only, without one configured prefix
    and without leading zeros; NULL if nothing is left.
#}
{% macro normalised_order_id(order_id) -%}
    {%- set bare = "regexp_replace(upper(" ~ order_id ~ "), '[^A-Z0-9]', ''" ~ global_flag() ~ ")" -%}
    {%- set prefixes = [] -%}
    {%- for prefix in order_id_prefixes() -%}
        {%- set bare_prefix = modules.re.sub('[^A-Z0-9]', '', prefix | upper) -%}
        {%- if bare_prefix -%}{%- do prefixes.append((-(bare_prefix | length), bare_prefix)) -%}{%- endif -%}
    {%- endfor -%}
    nullif(regexp_replace(
        {% if prefixes -%}
        case
            {# The longest prefix first, so that SHOPDE is not mistaken for SHOP. -#}
            {%- for minus_length, prefix in prefixes | sort -%}
            when {{ bare }} like '{{ prefix }}_%' then substr({{ bare }}, {{ 1 - minus_length }})
            {% endfor -%}
            else {{ bare }}
        end
        {%- else -%}
        {{ bare }}
        {%- endif %}, '^0+', ''), '')
{%- endmacro %}


{# regexp_replace replaces every match on Spark, and only the first on DuckDB and Postgres unless told. #}
{% macro global_flag() -%}
    {{ return(adapter.dispatch('global_flag', 'affiliate_assets')()) }}
{%- endmacro %}

{% macro default__global_flag() -%}{{ return(", 'g'") }}{%- endmacro %}

{% macro spark__global_flag() -%}{{ return('') }}{%- endmacro %}


{# The prefixes of affiliate.toml, as the loader stored them; the variable replaces them in unit tests. #}
{% macro order_id_prefixes() -%}
    {%- set given = var('order_id_prefixes') -%}
    {%- if given is none -%}
        {%- set stored = source('config', 'order_id_prefixes') -%}
        {%- set given = [] -%}
        {%- if execute and load_relation(stored) is not none -%}
            {%- set given = run_query('select prefix from ' ~ stored ~ ' order by prefix').columns[0].values() -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(given) }}
{%- endmacro %}
