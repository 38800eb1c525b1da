-- Traffic sources come from the conversions; those of other campaigns of the same access pair are not the account's.
{{ publishers_of(
    'voluum',
    seen=source('valid_voluum', 'conversions'),
    seen_id='traffic_source_id',
    seen_name='traffic_source_name',
    among='campaign_id = _account_id'
) }}
