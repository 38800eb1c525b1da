"""One random plan: what goes wrong in which night; drawn from its number alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from random import Random

from affiliate_assets.sandbox import EVERY_FAULT
from affiliate_assets.sandbox import NETWORKS as EMULATED

from .disturbance import POINTS, Doom
from .ground import GROUNDS, NETWORKS, Ground, ground_of

# The networks that a fault makes sense for, by fault.
ABLE = {
    kind: able
    for kind, fault in EVERY_FAULT.items()
    if (able := [network for network in NETWORKS if fault.suits(EMULATED[network])])
}
# Every fault at every network that it makes sense for: each fault at one of them, then each at its next one.
NAMED = [
    (able[(number + turn) % len(able)], kind)
    for turn in range(len(NETWORKS))
    for number, (kind, able) in enumerate(ABLE.items())
    if turn < len(able)
]
# Of so many plans in a row, the first ones try one named fault each and nothing else: 110 of the first 200.
ROUND, ALONE = 20, 11
# So many plans keep to one shape of each world.
SHAPED = 200
# Twenty thousand rows take a second: they come where they are asked for.
COMMON = [kind for kind in ABLE if kind != "page_huge"]
# Whether the first faulty night is the very first one, the nights with faults, and the clean one.
Shape = tuple[bool, tuple[int, ...], int]
SHAPES: tuple[Shape, ...] = (
    (True, (0,), 0),
    (True, (0,), 1),
    (True, (0,), 1),
    (False, (1,), 3),
    (True, (0, 1), 2),
    (False, (1,), 1),
    (False, (1,), 2),
    (False, (1, 2), 2),
    (False, (1,), 2),
)


@dataclass(frozen=True)
class Injection:
    """A fault at one place among the network's calls of a night."""

    network: str
    kind: str
    after: int
    times: int


@dataclass
class FaultyNight:
    """What goes wrong in one night.

    Attributes:
        day: The morning, in days after the first.
        rate: Share of calls that get a random fault.
        at_once: The night is run twice at the same time.
        doom: What strikes on this side, by network.
    """

    day: int
    rate: float
    injections: list[Injection]
    at_once: bool = False
    doom: dict[str, Doom] = field(default_factory=dict)


@dataclass
class Plan:
    """A plan.

    Attributes:
        from_nothing: The first night with faults is the first night of all.
        clean: Day of the clean night.
        revive: A token that died is accepted again in the next night.
        side_by_side: The accounts of a network are pulled at the same time; which call gets which fault is then open.
        alone: The only fault there is; it has to strike.
        real_budgets: Both sides keep to a tight limit.
        loads_beside: A few pages are a full batch, and are loaded while the pull goes on.
    """

    seed: int
    ground: Ground
    networks: tuple[str, ...]
    from_nothing: bool
    nights: list[FaultyNight]
    clean: int
    attempts: int
    real_budgets: bool
    revive: bool
    side_by_side: bool
    loads_beside: bool
    alone: str | None = None


def plan_of(seed: int) -> Plan:
    """The plan of that number."""
    rng = Random(f"gauntlet {seed}")
    turn, place = divmod(seed, ROUND)
    if place < ALONE:
        return _alone(seed, rng, *NAMED[(turn * ALONE + place) % len(NAMED)])
    network = NETWORKS[(turn * (ROUND - ALONE) + place - ALONE) % len(NETWORKS)]
    ground = ground_of(network, seed // SHAPED)
    others = [other for other in ground.networks if other != network]
    networks = (network, rng.choice(others)) if others and rng.random() < 0.1 else (network,)
    from_nothing, days, clean = rng.choice(shapes_of(network, seed // SHAPED))
    return Plan(
        seed,
        ground,
        networks,
        from_nothing,
        [_night(rng, day, networks) for day in days],
        clean,
        attempts=rng.choice((2, 4, 4)),
        real_budgets=place == ROUND - 1 and turn % 2 == 0,
        revive=rng.random() < 0.7,
        side_by_side=rng.random() < 0.15,
        loads_beside=turn % 5 == 1,
    )


def shapes_of(network: str, turn: int) -> list[Shape]:
    """Most of the shapes, and all of them in three turns: each one takes nights of its own to compare with."""
    leaves_out = (NETWORKS.index(network) + turn) % 3
    return [shape for place, shape in enumerate(SHAPES) if place % 3 != leaves_out]


def _alone(seed: int, rng: Random, network: str, kind: str) -> Plan:
    # There are several pages only where more than a night's rows are read.
    paging = EVERY_FAULT[kind].group == "paging"
    from_nothing, days, clean = rng.choice(
        [shape for shape in shapes_of(network, seed // SHAPED) if len(shape[1]) == 1 and shape[0] >= paging]
    )
    night = FaultyNight(days[0], 0.0, [Injection(network, kind, rng.randrange(4), 1)])
    ground = ground_of(network, seed // SHAPED)
    if kind == "page_repeated":
        # It wants a page before it, which a network that is asked day by day has only where pages are short.
        ground = min(GROUNDS[network], key=attrgetter("page_limit"))
    return Plan(seed, ground, (network,), from_nothing, [night], clean, 4, False, True, False, False, kind)


def _night(rng: Random, day: int, networks: tuple[str, ...]) -> FaultyNight:
    injections = []
    for network in networks:
        able = [kind for kind in COMMON if network in ABLE[kind]]
        injections += [
            Injection(network, rng.choice(able), rng.randrange(10), rng.choice((1, 1, 2, 4)))
            for _ in range(rng.choice((0, 1, 1, 2)))
        ]
    lot = rng.random()
    doom = {network: _doom(rng) for network in networks} if lot < 0.6 else {}
    return FaultyNight(day, rng.choice((0.0, 0.05, 0.15, 0.4)), injections, 0.6 <= lot < 0.67, doom)


def _doom(rng: Random) -> Doom:
    lot = rng.random()
    if lot < 0.7:
        point = rng.choice(list(POINTS))
        return Doom(point=point, number=1 + int(rng.random() ** 1.5 * POINTS[point]))
    if lot < 0.9:
        first = 1 + rng.randrange(POINTS["write"])
        return Doom(full=range(first, first + rng.choice((1, 2, 5, 1000))))
    return Doom(warehouse_full=1 + rng.randrange(POINTS["commit"]))
