{{ quarantine_of('voluum', ['conversions', 'visits', 'clicks']) }}
