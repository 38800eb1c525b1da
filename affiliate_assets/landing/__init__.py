"""Pages → tables. Pulling writes files only; one short exclusive step moves them into DuckDB.

`pages` files and manifests · `extract` windows → pages · `warehouse` the one way to open the file ·
`tables` what exists in it · `load` pages → raw · `validation` raw → valid and quarantine · `state` what is
known already.
"""
