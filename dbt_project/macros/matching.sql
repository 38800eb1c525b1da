{# The thresholds of [matching] in affiliate.toml, in one row; without a configuration those that it starts with. #}
{% macro matching_thresholds() -%}
    select
        coalesce(max(named_within_days), 3) as named_within_days,
        coalesce(max(inferred_within_minutes), 60) as inferred_within_minutes,
        coalesce(max(click_within_seconds), 5) as click_within_seconds,
        coalesce(max(least_score), cast(0.70 as decimal(3, 2))) as least_score
    from {{ source('config', 'matching') }}
{%- endmacro %}


{# What a tag sends instead of an order id that it does not have; a macro left unfilled looks like its own name. #}
{% macro is_no_order_id(order_id) -%}
    {%- set bare = "regexp_replace(upper(" ~ order_id ~ "), '[^A-Z0-9]', ''" ~ global_flag() ~ ")" %}
    coalesce(regexp_replace({{ bare }}, '^0+', ''), '') in (
        '', 'NULL', 'NONE', 'NIL', 'NA', 'NAN', 'UNDEFINED', 'UNKNOWN', 'EMPTY', 'ID', 'OID', 'ORDER', 'ORDERID',
        'ORDERNUMBER', 'ORDERREF', 'TRANSACTIONID'
    )
{%- endmacro %}


{# One row per word of a text, where it has several: letters, digits, dashes and low lines make a word. #}
{% macro words_of(relation, text, columns) -%}
    {{ return(adapter.dispatch('words_of', 'affiliate_assets')(relation, text, columns)) }}
{%- endmacro %}

{% macro default__words_of(relation, text, columns) -%}
    select
        {{ columns | join(', ') }},
        unnest(regexp_split_to_array({{ text }}, '[^A-Za-z0-9_-]+')) as word
    from {{ relation }}
{%- endmacro %}

{% macro spark__words_of(relation, text, columns) -%}
    select
        {{ columns | join(', ') }},
        word
    from {{ relation }}
    lateral view explode(split({{ text }}, '[^A-Za-z0-9_-]+')) words as word
{%- endmacro %}


{#
    Rows of a relation with the span of so many seconds since 1970 that a moment lies in, and with `neighbours` once more
    for the span before and the one after. What is at most so far away is then found by a join of equal spans, which looks
    at neighbours only and not at all pairs; the distance itself is still to be compared. Adds the column `span`.
#}
{% macro in_spans(relation, moment, seconds, neighbours=false) -%}
    select
        placed.*,
        {{ whole_quotient(dbt.datediff("timestamp '1970-01-01'", 'placed.' ~ moment, 'second'), seconds ~ ' + 1') }}
        {%- if neighbours %}
        + steps.step
        {%- endif %} as span
    from {{ relation }} as placed
    cross join thresholds
    {%- if neighbours %}
    cross join (select -1 as step union all select 0 as step union all select 1 as step) as steps
    {%- endif %}
{%- endmacro %}


{#
    The beginning of a pass that infers: thresholds, and the sales and orders that no pass before, of those in `earlier`,
    has paired.
#}
{% macro unpaired(earlier=[]) -%}
thresholds as (

    {{ matching_thresholds() }}

),
{% if earlier %}
earlier as (
    {% for pass in earlier %}
    select conversion_key, order_key from {{ pass }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}

),
{% endif %}
sales as (

    select * from {{ ref('int_conversions__unnamed') }}
    {%- if earlier %}
    where conversion_key not in (select earlier.conversion_key from earlier)
    {%- endif %}

),

orders as (

    select * from {{ ref('int_orders__unnamed') }}
    {%- if earlier %}
    where order_key not in (select earlier.order_key from earlier)
    {%- endif %}

)
{%- endmacro %}


{#
    `landings`, the affiliate clicks that pages of the shop show, and `unshown`, the sales whose own click is none of
    them: for those alone a landing at the time of the click is evidence, since another click is somebody else's.
#}
{% macro landings() -%}
landings as (

    select network, click_id, occurred_at, resolved_customer_hash
    from {{ ref('int_touchpoints__identified') }}
    where channel = 'affiliate' and click_id is not null and not is_repeat

),

unshown as (

    select s.*
    from sales as s
    left join (select distinct network, click_id from landings) as shown
        on s.network = shown.network and s.click_id = shown.click_id
    where shown.click_id is null

)
{%- endmacro %}


{# Whether nothing speaks against a sale `s` on an order `o`: no later click of another network or publisher. #}
{% macro no_other_click() -%}
    coalesce(o.clicked_network, s.network) = s.network
    and coalesce(o.clicked_publisher_id, s.publisher_id, '') = coalesce(s.publisher_id, '')
{%- endmacro %}


{#
    The end of a pass that infers: of each conversion the pairs by its best rule, with how many orders fit it equally well,
    and how many conversions its order. `relation` has one row per conversion, order and rule.
#}
{% macro best_pairs(relation, match_pass) -%}
    select
        conversion_key,
        order_key,
        cast({{ match_pass }} as integer) as match_pass,
        match_rule,
        match_score,
        match_evidence,
        cast(count(*) over (partition by conversion_key) as integer) as candidates,
        cast(count(*) over (partition by order_key) as integer) as rivals
    from (
        select
            pairs.*,
            max(pairs.match_score) over (partition by pairs.conversion_key) as best_score
        from {{ relation }} as pairs
        cross join thresholds
        where pairs.match_score >= thresholds.least_score
    ) as scored
    where match_score = best_score
{%- endmacro %}
