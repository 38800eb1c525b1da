"""A value that requests need and that only the network can tell, such as its own number of a time zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from affiliate_assets.connectors.language import Answer, Request


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """Stands for its value in `Request.params` and on the top level of `Request.json`.

    The client puts the value in its place before the request goes out. The network is asked for it once a run and
    account.

    Attributes:
        request: What is asked.
        read: The value; raises BrokenAnswer or ContractError where the answer does not tell it.
    """

    request: Request
    read: Callable[[Answer], str | int]
