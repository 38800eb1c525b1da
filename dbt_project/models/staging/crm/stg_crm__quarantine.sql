{{ quarantine_of('crm', [
    'orders', 'order_items', 'touchpoints', 'terms', 'decisions', 'publisher_contacts', 'incrementality',
    'hubspot_deals', 'salesforce_opportunities', 'ga4_events', 'snowplow_events', 'segment_pages', 'segment_orders',
    'ad_spend'
]) }}
