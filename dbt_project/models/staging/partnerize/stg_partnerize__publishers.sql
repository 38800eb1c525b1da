-- A conversion may still name a publisher that the campaign no longer lists.
{{ publishers_of(
    'partnerize',
    seen=source('valid_partnerize', 'conversion_items'),
    seen_id='publisher_id',
    seen_name='publisher_name',
    listed=source('valid_partnerize', 'publishers'),
    listed_id='publisher_id',
    listed_name='coalesce(company_name, account_name)',
    region='operating_country',
    type='promotional_method_name'
) }}
