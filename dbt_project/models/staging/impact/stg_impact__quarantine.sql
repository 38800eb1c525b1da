{{ quarantine_of('impact', ['actions', 'action_updates', 'media_partners', 'campaigns', 'clicks']) }}
