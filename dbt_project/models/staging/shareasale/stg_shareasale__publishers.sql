-- The activity report names publishers by number only.
{{ publishers_of(
    'shareasale',
    seen=source('valid_shareasale', 'activity'),
    seen_id='user_id',
    seen_name='cast(null as varchar)'
) }}
