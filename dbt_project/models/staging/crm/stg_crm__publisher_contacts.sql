select
    contact_id,
    network,
    publisher_id,
    contact_hash,
    _page_id,
    _load_id,
    _run_id
from (
    {{ current_version(source('valid_crm', 'publisher_contacts')) }}
) as contacts
