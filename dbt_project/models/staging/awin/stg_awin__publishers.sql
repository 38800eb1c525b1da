-- The publisher list holds active relationships only.
{{ publishers_of(
    'awin',
    seen=source('valid_awin', 'transactions'),
    seen_id='publisher_id',
    seen_name='site_name',
    listed=source('valid_awin', 'publishers'),
    listed_id='id',
    listed_name='name',
    region='primary_region',
    type='primary_type'
) }}
