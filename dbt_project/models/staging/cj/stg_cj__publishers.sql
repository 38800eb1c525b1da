-- CJ has no listing of publishers in the commission service.
{{ publishers_of(
    'cj',
    seen=source('valid_cj', 'commissions'),
    seen_id='publisher_id',
    seen_name='publisher_name'
) }}
