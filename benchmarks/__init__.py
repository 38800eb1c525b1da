"""How fast the way is, beside what the same machine can do at best: `python -m benchmarks`, figures in results.md.

`server` serves Awin-shaped pages · `way` pulls and loads them, and measures the floors · `models` builds dbt ·
`__main__` runs each step in a process of its own and writes the tables.
"""
