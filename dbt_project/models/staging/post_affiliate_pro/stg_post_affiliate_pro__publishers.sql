{{ publishers_of(
    'post_affiliate_pro',
    seen=source('valid_post_affiliate_pro', 'transactions'),
    seen_id='userid',
    seen_name='cast(null as varchar)',
    listed=source('valid_post_affiliate_pro', 'affiliates'),
    listed_id='userid',
    listed_name='coalesce(company, refid)'
) }}
