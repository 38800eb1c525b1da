"""What the workers of a run have in common, built by the process that they are forked from."""

from __future__ import annotations

from contextlib import suppress

import dagster as dg

from affiliate_assets.definitions import defs

# What is wrong here is told by the worker that needs it; an error here would leave a run without any worker.
with suppress(Exception):
    defs().get_repository_def()
with suppress(Exception):
    # Opening the instance imports its storage; a worker that is told its instance needs no home.
    dg.DagsterInstance.get().dispose()
