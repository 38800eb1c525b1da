{{ quarantine_of('post_affiliate_pro', ['transactions', 'affiliates', 'campaigns']) }}
