{{ quarantine_of('everflow', ['conversions', 'clicks', 'affiliates', 'offers']) }}
