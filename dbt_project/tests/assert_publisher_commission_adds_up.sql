select network, account_id, publisher_id, commission_currency, month_date
from {{ ref('rpt_publisher_commission') }}
where
    coalesce(compared_commission - expected_commission, 0) <> coalesce(overpaid_commission - underpaid_commission, 0)
    or coalesce(recoverable_commission, 0) > coalesce(overpaid_commission, 0)
