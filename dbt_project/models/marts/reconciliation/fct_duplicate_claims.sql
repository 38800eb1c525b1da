select
    links.conversion_key,
    c.network,
    c.account_id,
    c.conversion_id,
    c.publisher_id,
    c.is_withheld,
    links.survivor_conversion_key,
    survivor.network as survivor_network,
    survivor.publisher_id as survivor_publisher_id,
    links.order_key,
    links.claims,
    links.claim_rank,
    links.lost_by_rule,
    c.clicked_at,
    survivor.clicked_at as survivor_clicked_at,
    c.status,
    c.sale_amount,
    c.sale_currency,
    c.publisher_commission,
    c.publisher_commission_currency,
    c.publisher_commission_reporting,
    c.reporting_currency,
    c._page_id,
    c._load_id,
    c._run_id
from {{ ref('int_conversions__duplicate_links') }} as links
inner join {{ ref('fct_conversions') }} as c on links.conversion_key = c.conversion_key
inner join {{ ref('fct_conversions') }} as survivor on links.survivor_conversion_key = survivor.conversion_key
