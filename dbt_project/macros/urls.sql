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
            unnest(pairs) as pair,
            generate_subscripts(pairs, 1) as position
        from (
            {# Plain texts are replaced in half the time that single characters are translated in. -#}
            select {{ columns | join(', ') }}, string_to_array(replace(replace({{ url }}, '?', '&'), '#', '&'), '&') as pairs
            from {{ relation }}
            where {{ url }} like '%=%'
        ) as addresses
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


{# Percent-decoding, once; a plus stays a plus, since base64 ids hold real ones. What is no UTF-8 stays as it is written. #}
{% macro percent_decoded(expression) -%}
    {{ return(adapter.dispatch('percent_decoded', 'affiliate_assets')(expression)) }}
{%- endmacro %}

{% macro default__percent_decoded(expression) -%}
    url_decode({{ expression }})
{%- endmacro %}

{% macro duckdb__percent_decoded(expression) -%}
    {# Most ids have nothing to decode, and looking for it takes a fifth of the time. -#}
    case
        when contains({{ expression }}, '%') then coalesce(try(url_decode({{ expression }})), {{ expression }})
        else {{ expression }}
    end
{%- endmacro %}

{% macro spark__percent_decoded(expression) -%}
    coalesce(try_url_decode(replace({{ expression }}, '+', '%2B')), {{ expression }})
{%- endmacro %}


{#
    Whether a value is no id but what a tool wrote where it had none: a macro left unfilled, as {clickid}, [CLICK_ID],
    ${id}, %%id%%, !!!id!!!, <id>, __ID__ or #id#, or a word for nothing. Longer than 512 characters is no id either.
#}
{% macro is_no_id(value) -%}
    {# Almost every id is let go by its first character; only the others are looked at closely. -#}
    case
        when {{ value }} is null or length({{ value }}) not between 1 and 512 then true
        when {{ dbt.position('substr(' ~ value ~ ', 1, 1)', "'{[<$%_!#-uUnN'") }} = 0 then false
        else
            lower({{ value }}) in ('undefined', 'null', 'none', 'nil', 'nan', 'n/a', '-')
            or substr({{ value }}, 1, 1) in ('{', '[', '<')
            or substr({{ value }}, 1, 2) in ('${', '%%', '__')
            or substr({{ value }}, 1, 3) = '!!!'
            or {{ value }} like '#%#'
    end
{%- endmacro %}


{#
    The instant of its click that a click id itself tells, in UTC; NULL if it tells none. `click_epoch` in the seed is Unix time in
    seconds after the first underscore, as in Awin's {advertiser id}_{seconds}_{hash}.
#}
{% macro told_click_time(embedded, click_id) -%}
    {%- set seconds = "split_part(" ~ click_id ~ ", '_', 2)" -%}
    case
        when
            {{ embedded }} like '%click_epoch%'
            and length({{ seconds }}) = 10
            and translate({{ seconds }}, '0123456789', '') = ''
            then {{ dbt.dateadd('second', 'cast(' ~ seconds ~ ' as bigint)', "cast('1970-01-01' as timestamp)") }}
    end
{%- endmacro %}


{# The host of an address in lower case, without www. #}
{% macro host_of(url) -%}
    {{ without_www("split_part(split_part(split_part(split_part(" ~ url ~ ", '/', 3), '?', 1), '#', 1), ':', 1)") }}
{%- endmacro %}


{# Compared by its first letters, since a pattern takes many times as long. #}
{% macro without_www(host) -%}
    case when lower(substr({{ host }}, 1, 4)) = 'www.' then substr(lower({{ host }}), 5) else lower({{ host }}) end
{%- endmacro %}


{# An address without query and fragment, which may name a person. #}
{% macro url_without_query(url) -%}
    regexp_replace({{ url }}, '[?#].*$', '')
{%- endmacro %}
