-- The listing tells neither region nor kind.
{{ publishers_of(
    'commission_factory',
    seen=source('valid_commission_factory', 'transactions'),
    seen_id='affiliate_id',
    seen_name='affiliate_business_name',
    listed=source('valid_commission_factory', 'affiliates'),
    listed_id='id',
    listed_name='business_name'
) }}
