"""Affiliate programmes of one brand, from every network's API to reconciled, published marts.

Follow one record: `networks/<network>/connector.py` declares how it is asked for, `http` asks,
`landing` writes the page and turns it into raw, valid and quarantined rows, `dbt_project` builds the
marts, `publishing` hands them to readers. `defs` is the only package that knows Dagster.
"""
