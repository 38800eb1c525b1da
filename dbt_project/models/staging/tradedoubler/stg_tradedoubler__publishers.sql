-- The list holds the sources that have applied to the programme.
{{ publishers_of(
    'tradedoubler',
    seen=source('valid_tradedoubler', 'transactions'),
    seen_id='source_id',
    seen_name='source_name',
    listed=source('valid_tradedoubler', 'sources'),
    listed_id='source_id',
    listed_name='source_name',
    type='promotion_type_name'
) }}
