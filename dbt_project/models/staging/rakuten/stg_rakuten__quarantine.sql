{{ quarantine_of('rakuten', ['ledger']) }}
