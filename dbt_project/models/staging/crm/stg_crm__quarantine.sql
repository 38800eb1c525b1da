{{ quarantine_of('crm', ['orders', 'order_items', 'touchpoints', 'terms', 'decisions', 'publisher_contacts', 'hubspot_deals', 'salesforce_opportunities']) }}
