{{ config(materialized='table') }}

with seen as (

    {% for identifications in ['stg_crm__identifications', 'int_identities__ordered'] -%}
    select visitor_hash, customer_hash, known_from from {{ ref(identifications) }}
    {% if not loop.last -%}
    union all
    {% endif -%}
    {%- endfor %}

),

pairs as (

    select visitor_hash, customer_hash, min(known_from) as known_from
    from seen
    group by visitor_hash, customer_hash

),

ordered as (

    select
        *,
        row_number() over (partition by visitor_hash order by known_from, customer_hash) as place,
        lead(known_from) over (partition by visitor_hash order by known_from, customer_hash) as next_known_from
    from pairs

)

select
    visitor_hash,
    customer_hash,
    known_from,
    -- Whoever comes second to a browser is never its only customer.
    case when place = 1 then next_known_from else known_from end as known_to
from ordered
