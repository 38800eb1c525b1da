"""Why customers order: who convinces, who only stands at the end of the way, and who leaves unmoved.

Some visitors have decided before they come. Of the others, each touch convinces one with the strength of its party,
whatever came before; who is convinced orders, and who is not leaves. Orders are drawn first, with the journey that led
to them. So of each journey it is drawn how many visitors with the very same one leave until one orders: that gives
orders and vain journeys of every kind their true proportion, and the order its cause.
"""

from random import Random

from affiliate_assets.sandbox.config import DAY, HOUR
from affiliate_assets.sandbox.journeys import AFFILIATE, DIRECT, EMAIL, ORGANIC, PAID_SEARCH, Landing
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.people import COMPANIES

#: Who may convince: the channel of a touch, its account and its publisher; the last two -1 where it has none.
Party = tuple[int, int, int]

#: Visitors who order whatever they see.
DECIDED = 0.25
#: Kinds of companies that are looked for at the checkout; they convince nobody.
CLOSERS = ("Coupon", "Cashback")
# No touch convinces everybody.
_STRONGEST = 0.8
# Where on the way a channel is met; those at the same stage come in any order.
_STAGES = {ORGANIC: 0, EMAIL: 0, AFFILIATE: 0, PAID_SEARCH: 1, DIRECT: 2}
_CHECKOUT = 3
# Journeys that keep no order of stages.
_WANDERING = 0.1


class Causes:
    """What moves the customers of one world.

    Attributes:
        strengths: The chance that a touch of a party convinces, by party. Whoever types the address, and whoever looks
            for a voucher, is convinced by nothing on that touch.
    """

    def __init__(self, seed: int, market: Market) -> None:
        """Draw the strengths of all parties."""
        rng, self._rng = Random(f"{seed}:strengths"), Random(f"{seed}:minds")
        self.strengths: dict[Party, float] = {(DIRECT, -1, -1): 0.0}
        self._stages = {(channel, -1, -1): stage for channel, stage in _STAGES.items()}
        convincing = [[(channel, -1, -1) for channel in (PAID_SEARCH, EMAIL, ORGANIC)]]
        for account in (account for accounts in market.accounts_of for account in accounts):
            convincing.append([])
            for place, publisher in enumerate(market.network_of(account).publishers):
                party = (AFFILIATE, account, place)
                if COMPANIES[publisher.key].kind in CLOSERS:
                    self.strengths[party], self._stages[party] = 0.0, _CHECKOUT
                else:
                    convincing[-1].append(party)
                    self._stages[party] = _STAGES[AFFILIATE]
        for parties in convincing:
            self.strengths |= zip(parties, _uneven(rng, len(parties)), strict=True)
        # One tuple for the many orders of each party.
        self._alone = {party: (party,) for party in self.strengths}

    def staged(self, landings: list[Landing]) -> list[Landing]:
        """Return a journey with its parties in the order in which shoppers meet them, at the same instants."""
        if len(landings) < 2 or self._rng.random() < _WANDERING:
            return landings
        parties = sorted((landing[1:] for landing in landings), key=self._stages.__getitem__)
        return [(landing[0], *party) for landing, party in zip(landings, parties, strict=True)]

    def decide(self, landings: list[Landing]) -> tuple[tuple[Party, ...], int]:
        """Draw who convinced the customer of a journey that ended in an order, and how many others it left unmoved.

        Returns:
            The parties that convinced, none where the customer had decided before; and the number of the others.
        """
        if not landings:
            return (), 0
        draw, strengths, unmoved = self._rng.random, self.strengths, 0
        chances = [(party, strength) for landing in landings if (strength := strengths[party := landing[1:]])]
        while draw() >= DECIDED:
            convinced = [party for party, strength in chances if draw() < strength]
            if len(convinced) == 1:
                return self._alone[convinced[0]], unmoved
            if convinced:
                return tuple(sorted(set(convinced))), unmoved
            unmoved += 1
        return (), unmoved

    def earlier(self) -> int:
        """Draw by how many seconds somebody else took the same journey earlier: up to 20 days."""
        return HOUR + int(self._rng.random() * 20 * DAY)


def _uneven(rng: Random, count: int) -> list[float]:
    """Draw strengths of which few are high, in any order: squares of chances that are spread evenly from 0 to 1."""
    drawn = [_STRONGEST * ((rank + rng.random()) / count) ** 2 for rank in range(count)]
    rng.shuffle(drawn)
    return drawn
