{{ config(meta={'dagster': {'ref': {'name': 'status_map'}}}) }}

-- A word is mapped only from something that can be read again: what it says, where, and when it was read.
select network, raw_field, raw_word, source, source_url, source_date
from {{ ref('status_map') }}
where
    source is null
    or trim(source) = ''
    or source_url is null
    or source_url not like 'https://%'
    or source_date is null
