"""The Dagster adapter: assets, checks, jobs and schedules around the rooms that do the work.

Nothing outside this package imports Dagster, and nothing imports this package but `definitions` and the
commands that start a run.
"""
