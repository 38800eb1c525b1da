"""Data-driven attribution: who earned the credit, told from all paths at once.

Pure functions over aggregated paths; nothing here knows dbt, Dagster or a database. The models weigh whole channels
with binary floats; credit and money are split from the weights as whole parts (`parts`), never multiplied.
"""
