{{ config(materialized='table') }}

with stored as (

    select night_number, as_of as night_at
    from {{ source('ops', 'nights') }}
    where {{ until_night('as_of') }}

),

last_stored as (

    select coalesce(max(night_number), 0) as night_number, max(night_at) as night_at
    from stored

),

nights as (

    select night_number, night_at, false as is_tonight
    from stored

    {%- if not var('as_of_night') %}

    union all

    -- A build for an instant before the last noted night is no night of its own: it would rewrite what followed.
    select last_stored.night_number + 1, brand.as_of, true
    from {{ source('config', 'brand') }} as brand
    cross join last_stored
    where last_stored.night_at is null or brand.as_of >= last_stored.night_at
    {%- endif %}

)

select
    cast(night_number as integer) as night_number,
    night_at,
    lag(night_at) over (order by night_number) as previous_night_at,
    is_tonight
from nights
