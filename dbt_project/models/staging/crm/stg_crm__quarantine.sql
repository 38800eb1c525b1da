{{ quarantine_of('crm', ['orders', 'touchpoints']) }}
