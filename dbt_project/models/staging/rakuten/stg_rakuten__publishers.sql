-- Publishers come from the report's lines; those of another advertiser under the same token are not ours.
{{ publishers_of(
    'rakuten',
    seen=source('valid_rakuten', 'ledger'),
    seen_id='publisher_id',
    seen_name='publisher_name',
    among="_account_id like '%.' || mid"
) }}
