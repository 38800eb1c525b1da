-- The listing is of the network's partners.
{{ publishers_of(
    'tune',
    seen=source('valid_tune', 'conversions'),
    seen_id='affiliate_id',
    seen_name='affiliate_company',
    listed=source('valid_tune', 'affiliates'),
    listed_id='id',
    listed_name='company',
    region='country'
) }}
