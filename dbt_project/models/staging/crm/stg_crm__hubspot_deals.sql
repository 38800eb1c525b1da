{{ crm_records('hubspot', 'hubspot_deals') }}
