-- The list holds the programme's partners of today.
{{ publishers_of(
    'impact',
    seen=source('valid_impact', 'actions'),
    seen_id='media_partner_id',
    seen_name='media_partner_name',
    listed=source('valid_impact', 'media_partners'),
    listed_id='id',
    listed_name='name',
    type='partner_type'
) }}
