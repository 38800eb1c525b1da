{{ quarantine_of('commission_factory', ['transactions', 'affiliates']) }}
