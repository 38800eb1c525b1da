{#
    One row per `name=value` pair of query and fragment: the given columns, position, parameter (lower case) and value
    as written. The part before the first `?`, `#` or `&` never holds a pair.
#}
{% macro url_parameters(relation, url, columns) -%}
    {{ return(adapter.dispatch('url_parameters', 'affiliate_assets')(relation, url, columns)) }}
{%- endmacro %}

{% macro default__url_parameters(relation, url, columns) -%}
    select
        {{ columns | join(', ') }},
        position,
        lower(split_part(pair, '=', 1)) as parameter,
        substr(pair, length(split_part(pair, '=', 1)) + 2) as parameter_value
    from (
        select
            {{ columns | join(', ') }},
            unnest(regexp_split_to_array({{ url }}, '[?#&]')) as pair,
            generate_subscripts(regexp_split_to_array({{ url }}, '[?#&]'), 1) as position
        from {{ relation }}
        where {{ url }} like '%=%'
    ) as pairs
    where position > 1 and pair like '%=%'
{%- endmacro %}

{% macro spark__url_parameters(relation, url, columns) -%}
    select
        {{ columns | join(', ') }},
        position,
        lower(substring_index(pair, '=', 1)) as parameter,
        substr(pair, length(substring_index(pair, '=', 1)) + 2) as parameter_value
    from {{ relation }}
    lateral view posexplode(split({{ url }}, '[?#&]')) pairs as position, pair
    where {{ url }} like '%=%' and position > 0 and pair like '%=%'
{%- endmacro %}


{# Percent-decoding, once; a plus stays a plus, since base64 ids hold real ones. #}
{% macro percent_decoded(expression) -%}
    {{ return(adapter.dispatch('percent_decoded', 'affiliate_assets')(expression)) }}
{%- endmacro %}

{% macro default__percent_decoded(expression) -%}
    url_decode({{ expression }})
{%- endmacro %}

{% macro spark__percent_decoded(expression) -%}
    try_url_decode(replace({{ expression }}, '+', '%2B'))
{%- endmacro %}


{# An address without query and fragment, which may name a person. #}
{% macro url_without_query(url) -%}
    regexp_replace({{ url }}, '[?#].*$', '')
{%- endmacro %}
