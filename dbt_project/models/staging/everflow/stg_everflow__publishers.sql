-- The list holds the partners of the network account.
{{ publishers_of(
    'everflow',
    seen=source('valid_everflow', 'conversions'),
    seen_id='network_affiliate_id',
    seen_name='affiliate_name',
    listed=source('valid_everflow', 'affiliates'),
    listed_id='network_affiliate_id',
    listed_name='name'
) }}
