select * from {{ ref('stg_awin__conversion_events') }}
union all
select * from {{ ref('stg_cj__conversion_events') }}
