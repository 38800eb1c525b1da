select * from {{ ref('stg_awin__conversions') }}
union all
select * from {{ ref('stg_cj__conversions') }}
