"""The brand's own side: orders, marketing touches, terms and decisions, from files that a shop, a CRM or finance drops.

`streams` declares the shop's files, `systems` those of HubSpot and Salesforce; `configured` adds what the brand says of
its own.
"""
