{{ config(severity='warn') }}

-- A token may show several advertisers, and an account may name the wrong one: such lines are in no conversion.
select
    _account_id,
    mid,
    count(*) as lines
from {{ source('valid_rakuten', 'ledger') }}
where _account_id not like '%.' || mid
group by _account_id, mid
