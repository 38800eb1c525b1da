"""The table of all faults, and the plan of which call gets which."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from affiliate_assets.sandbox.fault_bodies import BODIES, CLOCKS, CONNECTIONS
from affiliate_assets.sandbox.fault_pages import PAGES
from affiliate_assets.sandbox.fault_rows import ROWS
from affiliate_assets.sandbox.fault_statuses import LIMITS, STORMS, TOKENS
from affiliate_assets.sandbox.hits import Fault, Hit, table
from affiliate_assets.sandbox.registry import NETWORKS
from affiliate_assets.sandbox.wire import Answer

#: Every fault of any network by its name.
EVERY_FAULT: Final[Mapping[str, Fault]] = table(LIMITS, STORMS, CONNECTIONS, BODIES, PAGES, ROWS, TOKENS, CLOCKS)

#: Those that make sense at a network of the default world.
FAULTS: Final[Mapping[str, Fault]] = {name: fault for name, fault in EVERY_FAULT.items() if fault.networks}


@dataclass(frozen=True, slots=True)
class FaultServed:
    """One call that got a fault.

    Attributes:
        network: The network called.
        kind: Name of the fault.
        call_index: Place among all calls of that network since the start or the last reset.
        record: Id of the one record that was changed or left out, None where the fault strikes more or none.
        left_out: Ids of all records that were left out.
    """

    network: str
    kind: str
    call_index: int
    record: str | None = None
    left_out: tuple[str, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Due:
    fault: Fault
    first: int
    left: int


class FaultPlan:
    """Decides by the order of calls of each network which of them gets a fault."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Start without faults at these networks."""
        self._lock = threading.Lock()
        self._due: dict[str, list[_Due]] = {network: [] for network in networks}
        self._random: tuple[int, float, list[Fault], Mapping[str, int]] | None = None

    def inject(self, network: str, kind: str, first: int, times: int) -> None:
        """Let a fault strike from a place in the network's calls on, that many outbreaks in a row.

        Raises:
            KeyError: There is no such network.
            ValueError: There is no such fault, or not at that network.
        """
        due = self._due[network]
        if kind not in EVERY_FAULT or not EVERY_FAULT[kind].suits(NETWORKS[network]):
            raise ValueError(f"no fault {kind!r} at {network}; see EVERY_FAULT for all kinds")
        with self._lock:
            due.append(_Due(EVERY_FAULT[kind], first, times * EVERY_FAULT[kind].length))

    def draw(self, seed: int, rate: float, kinds: Iterable[str] | None, begin: Mapping[str, int]) -> None:
        """Give each later call a fault with a probability.

        Args:
            seed: Plans with equal seed, rate and kinds are equal.
            rate: Probability between 0 and 1.
            kinds: Names of the faults to draw from; all where None.
            begin: Calls of each network so far.

        Raises:
            ValueError: There is no such fault, or the rate is no probability.
        """
        names = list(EVERY_FAULT) if kinds is None else list(kinds)
        unknown = [name for name in names if name not in EVERY_FAULT]
        if unknown or not 0 <= rate <= 1:
            raise ValueError(f"unknown faults {unknown} or a rate of {rate} that is not between 0 and 1")
        with self._lock:
            self._random = seed, rate, [EVERY_FAULT[name] for name in names], dict(begin)

    def clear(self) -> None:
        """Forget what is due and what is drawn."""
        with self._lock:
            self._random = None
            for due in self._due.values():
                due.clear()

    def strike(self, network: str, index: int, hit: Callable[[Random], Hit]) -> tuple[Fault, Answer, Hit] | None:
        """Return the fault that a call gets, with its answer; None for none.

        Args:
            network: The network called.
            index: Place among the network's calls.
            hit: Makes the call to strike, given what draws its details.
        """
        with self._lock:
            for due in self._due[network]:
                if due.first > index:
                    continue
                call = hit(Random(f"{due.fault.name}:{network}:{index}"))
                if (answer := due.fault.apply(call)) is None:
                    continue
                due.left -= 1
                if not due.left:
                    self._due[network].remove(due)
                return due.fault, answer, call
            return self._draw(network, index, hit)

    def _draw(self, network: str, index: int, hit: Callable[[Random], Hit]) -> tuple[Fault, Answer, Hit] | None:
        if self._random is None:
            return None
        seed, rate, kinds, begin = self._random
        rng = Random(f"{seed}:{network}:{index - begin[network]}")
        if rng.random() >= rate:
            return None
        able = [fault for fault in kinds if fault.suits(NETWORKS[network])]
        # A call that the first one drawn cannot strike gets the next one that can.
        for fault in rng.sample(able, len(able)):
            call = hit(rng)
            if (answer := fault.apply(call)) is not None:
                if fault.length > 1:
                    self._due[network].append(_Due(fault, index + 1, fault.length - 1))
                return fault, answer, call
        return None
