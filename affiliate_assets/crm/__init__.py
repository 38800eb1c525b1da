"""The brand's own side: orders and marketing touches from the files a shop or CRM exports.

`streams` declares them like a network's streams, `exports` reads the files into the landing zone.
"""
