with clicks as (

    {{ current_version(source('valid_impact', 'clicks')) }}

),

-- One reference (im_ref) stands for a journey of several clicks: its first click bears the reference itself.
numbered as (

    select
        *,
        row_number() over (partition by _account_id, id order by event_date, media_id) as click_of_journey
    from clicks

)

select
    'impact' as network,
    c._account_id as account_id,
    case when c.click_of_journey = 1 then c.id else c.id || '#' || cast(c.click_of_journey as varchar) end as click_id,
    cast(c.campaign_id as varchar) as programme_id,
    cast(c.media_id as varchar) as publisher_id,
    c.event_date as clicked_at,
    {{ url_without_query('c.landing_page_url') }} as landing_url,
    c.referring_domain as referrer_host,
    coalesce(c.sub_id_1, c.shared_id) as publisher_reference,
    c.device_type as device,
    c.customer_country as country,
    c._observed_at as observed_at,
    c._page_id,
    c._load_id,
    c._run_id
from numbered as c
