-- To the last digit, for each network and account or shop, currency and month; nothing is lost, doubled or left out.
select side, network, account_id, shop, currency, sale_month, records, records_in_classes, total_amount, unclassed_amount
from {{ ref('rpt_reconciliation_totals') }}
where records <> records_in_classes or unclassed_amount <> 0
