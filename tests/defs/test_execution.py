"""What `affiliate run` prints of a step that failed."""

from __future__ import annotations

import dagster as dg
import pytest

from affiliate_assets.defs.execution import _told
from affiliate_assets.errors import ConfigError, RetryableError, Where

OURS = RetryableError("The disk is full.", next_step="free some space.", where=Where(network="awin"), cause="disk")


def told(error: Exception, cause: Exception | None = None) -> str:
    """Of a step that raised it from that cause."""

    @dg.op
    def step() -> None:
        raise error from cause

    @dg.job
    def job() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    [event] = [event for event in result.all_events if event.is_step_failure]
    return _told(event)


@pytest.mark.parametrize(
    ("error", "cause", "sentence"),
    [
        (dg.Failure("Published: but not drawn.\nNext: read."), None, "Published: but not drawn.\nNext: read."),
        (dg.Failure("Published.", allow_retries=False), OURS, "Published."),
        (OURS, None, "[network awin] The disk is full. Next: free some space."),
        # What ours was made of is for the log.
        (OURS, OSError("No space left on device"), "[network awin] The disk is full. Next: free some space."),
        (RuntimeError("wrapped"), ConfigError("No: such key.", next_step="set it."), "No: such key. Next: set it."),
    ],
)
def test_what_was_said_on_purpose_is_told_without_a_class(
    error: Exception, cause: Exception | None, sentence: str
) -> None:
    assert told(error, cause) == f"step step: {sentence}"


def test_of_an_error_of_others_the_first_cause_is_told_with_its_class() -> None:
    assert told(RuntimeError("bad"), ZeroDivisionError("by zero")) == "step step: ZeroDivisionError: by zero"
