{{ quarantine_of('tradedoubler', ['transactions', 'sources', 'programs']) }}
