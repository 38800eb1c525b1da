{{ quarantine_of('shareasale', ['activity']) }}
