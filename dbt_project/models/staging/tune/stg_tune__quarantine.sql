{{ quarantine_of('tune', ['conversions', 'affiliates', 'offers']) }}
