{{ quarantine_of('cj', ['commissions']) }}
