{{ config(materialized='table') }}

-- Only groups that a term is about.
with asked as (

    select distinct network, lower(partner_group) as partner_group
    from {{ ref('int_terms__known') }}
    where is_known and not is_membership and partner_group is not null

),

-- Where the brand says to which group a publisher belongs, the network's list says nothing about it.
placed as (

    select distinct c.conversion_key, c.network, lower(m.partner_group) as partner_group
    from {{ ref('int_conversions__keyed') }} as c
    inner join {{ ref('int_terms__known') }} as m
        on
            c.network = m.network
            and c.publisher_id = m.publisher_id
            and coalesce(m.account_id, c.account_id) = c.account_id
            and c.occurred_at >= m.valid_from_at
            and (m.valid_to_at is null or c.occurred_at < m.valid_to_at)
    where m.is_known and m.is_membership

),

listed as (

    select network, publisher_id, max(lower(primary_type)) as partner_group
    from {{ ref('int_publishers__unioned') }}
    where is_listed
    group by network, publisher_id

),

together as (

    select conversion_key, network, partner_group
    from placed
    union all
    select c.conversion_key, c.network, listed.partner_group
    from {{ ref('int_conversions__keyed') }} as c
    inner join listed on c.network = listed.network and c.publisher_id = listed.publisher_id
    left join placed on c.conversion_key = placed.conversion_key
    where placed.conversion_key is null

)

select together.conversion_key, together.partner_group
from together
inner join asked on together.network = asked.network and together.partner_group = asked.partner_group
