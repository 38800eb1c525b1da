"""Where a brand sells: the networks of a world, its accounts on them, and the shops that they belong to."""

from functools import cached_property
from itertools import permutations, zip_longest
from random import Random

from affiliate_assets.sandbox.agreements import Plan, plan_of
from affiliate_assets.sandbox.config import SHOPS, STYLE, Account, Style
from affiliate_assets.sandbox.network import Network

_ALWAYS = ("de", "uk", "us")


class Market:
    """Accounts and shops, referred to by their place.

    Attributes:
        networks: The networks.
        accounts: All accounts, network by network.
        shop_of: Place of the shop of each account.
        shops: Places of the shops that are open.
        accounts_of: Places of the accounts of each shop that sales are booked on: those of trackers are none.
        style: How the shop numbers its orders.
        itemised: Places of the shops that export the lines of their orders.
    """

    def __init__(
        self,
        networks: tuple[Network, ...],
        style: Style = STYLE,
        *,
        agreements: bool = False,
        more_rate: int = 0,
        itemised: frozenset[int] = frozenset(),
    ) -> None:
        """Lay the accounts of the networks out; `agreements` and `more_rate` are those of the configuration."""
        self.style, self._agreements, self._more_rate, self.itemised = style, agreements, more_rate, itemised
        names = [shop.name for shop in SHOPS]
        self.networks = networks
        self.accounts: tuple[Account, ...] = tuple(account for network in networks for account in network.accounts)
        self.shop_of = tuple(names.index(account.shop) for account in self.accounts)
        self._network_of = tuple(network for network in networks for _ in network.accounts)
        self.accounts_of = tuple(
            tuple(
                place
                for place, shop in enumerate(self.shop_of)
                if shop == wanted and not self._network_of[place].tracker
            )
            for wanted in range(len(SHOPS))
        )
        self.shops = tuple(place for place, name in enumerate(names) if name in _ALWAYS or self.accounts_of[place])

    def network_of(self, account: int) -> Network:
        """Return the network of an account."""
        return self._network_of[account]

    def plan(self, account: int, publisher: int) -> Plan:
        """Return what a publisher of an account's network earns."""
        known = self.network_of(account).publishers[publisher]
        if self._agreements and not self.network_of(account).tracker:
            return plan_of(known, publisher, self._more_rate)
        return Plan("rate", known.rate + self._more_rate)

    def planted_on(self, kind: str) -> tuple[int, ...]:
        """Return the accounts that a kind is planted on, in turn: each network before any of them again."""
        able = [
            [
                place
                for place, account in enumerate(self.accounts)
                if self._network_of[place] is network and network.habits.plants(kind, account.account_id)
            ]
            for network in self.networks
            if not network.tracker
        ]
        # Every other network runs backwards, so that neighbours differ in their shop too.
        rows = [row[::-1] if place % 2 else row for place, row in enumerate(row for row in able if row)]
        return tuple(place for round_ in zip_longest(*rows) for place in round_ if place is not None)

    @cached_property
    def claims(self) -> tuple[tuple[int, ...], ...]:
        """Accounts of one shop that claim an order together, in turn: the last click first.

        Not more than one of them keeps its click to itself, as nobody could tell the winner then.
        """
        found = [
            places
            for size in (2, 3)
            for accounts in self.accounts_of
            for places in permutations(accounts, size)
            if len({self._network_of[place].slug for place in places}) == size
            and sum(not self._network_of[place].habits.tells_click for place in places) <= 1
        ]
        pairs, triples = ([places for places in found if len(places) == size] for size in (2, 3))
        if len(pairs) > 2:
            Random("pairs").shuffle(pairs)
            Random("triples").shuffle(triples)
        mixed = []
        for place, pair in enumerate(pairs):
            mixed.append(pair)
            if place % 2 and triples:
                mixed.append(triples[place // 2 % len(triples)])
        return tuple(mixed)
