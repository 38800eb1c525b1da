"""The log of calls that the sandbox keeps."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the sandbox.

    Attributes:
        network: The network called.
        method: HTTP method.
        path: Path below the network's base, with its leading slash.
        query: Query string, and the body of a POST behind it.
        token_hash: First 16 digits of the SHA-256 of the token sent, empty without one.
        status: Status of the answer.
        rows: Records in the answer.
        received_at: Seconds of the monotonic clock.
        sim_time: The sandbox's clock, UTC.
        canned: Whether the answer came from `fail_next`.
        fault: Name of the fault that the call got, None for none.
        breach: Whether it was refused because a limit was broken.
    """

    network: str
    method: str
    path: str
    query: str
    token_hash: str
    status: int
    rows: int
    received_at: float
    sim_time: datetime
    canned: bool = False
    fault: str | None = None
    breach: bool = False
