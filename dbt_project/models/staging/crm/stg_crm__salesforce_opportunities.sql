{{ crm_records('salesforce', 'salesforce_opportunities') }}
