"""How a network dates, shows, decides and corrects a conversion, as data that the builder draws from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from affiliate_assets.sandbox.config import DAY

#: `in_place`: the record itself changes; `restated`: one row takes everything back, another one states it anew;
#: `negative`: one further row with the signed difference.
Correction = Literal["in_place", "restated", "negative"]

#: An instant that no clock reaches: the decision of a network that never decides.
NEVER = 1 << 40

_LAST_CHANGE = 30


@dataclass(frozen=True, slots=True)
class Habits:
    """What a network does with a sale.

    Attributes:
        correction: How a change is told.
        correction_by_account: The same for single accounts, where they differ.
        occurs: Seconds from the order to the sale by the network's clock, as (least, spread).
        shows: Seconds from there until the interface shows it, as (least, spread).
        approves: Days from the sale to the approval, as (least, spread); None without any or with a lock.
        lock: Returns the lock of an instant, so many months later; None for a network without lock days.
        tells_status: Whether the interface has a word for what becomes of a sale.
        tells_click: Whether a conversion names the instant of its click.
        hides_click: Whether it leaves that out now and then.
        void_words: Words for what is void: `declined`, `deleted`.
        void_amount: What a void record shows where corrections come in place.
        commission_currency: `USD` where the publisher's share is told in dollars, empty for the account's currency.
        not_planted: Kinds that make no sense at this network.
    """

    correction: Correction
    correction_by_account: Mapping[str, Correction] = field(default_factory=dict)
    occurs: tuple[int, int] = (2, 20)
    shows: tuple[int, int] = (60, 600)
    approves: tuple[int, int] | None = None
    lock: Callable[[int, int], int] | None = None
    tells_status: bool = True
    tells_click: bool = True
    hides_click: bool = False
    void_words: tuple[str, ...] = ("declined",)
    void_amount: Literal["kept", "zero"] = "kept"
    commission_currency: Literal["", "USD"] = ""
    not_planted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what contradicts itself or leaves the planted kinds no time.

        Raises:
            ValueError: The habits make no network.
        """
        if sum(self.occurs) + sum(self.shows) >= 3_600:
            raise ValueError("a sale has to show within the hour")
        if self.approves is not None and (self.lock is not None or self.approves[0] < 10):
            raise ValueError("an approval comes after 10 days at least, and not beside a lock")
        if self.tells_status == (self.approves is None and self.lock is None):
            raise ValueError("a network with a status decides, one without does not")

    def corrects(self, account_id: str) -> Correction:
        """Return how an account tells a change."""
        return self.correction_by_account.get(account_id, self.correction)

    def plants(self, kind: str, account_id: str) -> bool:
        """Tell whether a kind makes sense on an account."""
        if kind in self.not_planted:
            return False
        if kind in ("amended_amount", "restatement_pair"):
            return (kind == "amended_amount") == (self.corrects(account_id) == "in_place")
        return self.tells_status or kind not in ("late_approval", "refunded_but_approved")

    def date(self, draw: Callable[[], float], ordered_at: int) -> tuple[int, int, int]:
        """Draw when a sale occurred, shows and is decided."""
        occurred_at = ordered_at + self.occurs[0] + int(draw() * self.occurs[1])
        visible_at = occurred_at + self.shows[0] + int(draw() * self.shows[1])
        if self.approves is not None:
            least, spread = self.approves
            return occurred_at, visible_at, occurred_at + least * DAY + int(draw() * spread * DAY)
        return occurred_at, visible_at, NEVER if self.lock is None else self.lock(occurred_at, 1)

    def last_change(self, occurred_at: int, final_at: int) -> int:
        """Return the last instant at which an ordinary change can still be settled."""
        if self.lock is not None:
            return final_at - DAY // 2
        least = self.approves[0] if self.approves else _LAST_CHANGE
        return occurred_at + (least - 1) * DAY
