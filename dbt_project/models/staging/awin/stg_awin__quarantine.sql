{{ quarantine_of('awin', ['transactions', 'publishers']) }}
