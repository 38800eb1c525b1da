{{ quarantine_of('partnerize', ['conversion_items', 'clicks', 'publishers', 'campaigns']) }}
