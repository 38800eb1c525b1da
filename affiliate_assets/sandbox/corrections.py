"""What a brand tells a network to decide: kept beside the world, which stays as it was built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from affiliate_assets.sandbox.reports import Conversion, Step

Action = Literal["approve", "decline", "amend"]


@dataclass(frozen=True, slots=True)
class Told:
    """An instruction that was taken: when, on which conversion, and the sale it was set to in minor units."""

    at: int
    number: int
    action: Action
    sale: int
    reason: str


class Desk:
    """The conversions of a network as the brand has corrected them.

    Attributes:
        taken: All instructions that were taken, in order.
        is_deaf: Whether it says yes to every instruction and takes none.
    """

    def __init__(
        self, conversions: list[Conversion], changed: Callable[[list[Conversion]], None], *, by_rows: bool = False
    ) -> None:
        """Start without any.

        Args:
            conversions: The world's.
            changed: Told all conversions whenever one of them is another than before.
            by_rows: Whether the network tells every change of an amount, not the last one alone.
        """
        self._original = list(conversions)
        self._present = {conversion.number: conversion for conversion in conversions}
        self._changed, self._by_rows = changed, by_rows
        self.taken: list[Told] = []
        self.is_deaf = False

    def find(self, account: int | None, number: int, at: int) -> Conversion | None:
        """Return a conversion, of one account if that is given, that shows at an instant."""
        found = self._present.get(number)
        if found is None or found.visible_at > at or (account is not None and found.account != account):
            return None
        return found

    def of_order(self, account: int, order_ref: str, at: int) -> list[Conversion]:
        """Return an account's conversions of an order that show at an instant."""
        here = (c for c in self._present.values() if c.account == account and c.order_ref == order_ref)
        return [conversion for conversion in here if conversion.visible_at <= at]

    def take(self, conversion: Conversion, action: Action, at: int, sale: int | None = None, reason: str = "") -> None:
        """Decide a conversion, or set its sale; what the world had in mind for it later does not happen any more."""
        if self.is_deaf:
            return
        before = conversion.step(at)
        sale = before.sale if sale is None else sale
        steps, final_at = (*(step for step in conversion.steps if step.at <= at),), conversion.final_at
        if action == "approve":
            final_at = at
        elif action == "decline":
            steps = (*steps, Step(at, before.sale, "declined", reason))
        else:
            # One change of the amount, so that it is dated by its last.
            steps = (*(steps if self._by_rows else steps[:1]), Step(at, sale, "", reason))
        self._present[conversion.number] = replace(conversion, steps=steps, final_at=final_at)
        self.taken.append(Told(at, conversion.number, action, sale, reason))
        self._changed(list(self._present.values()))

    def forget(self) -> None:
        """Begin anew with the world as it was built."""
        self.is_deaf = False
        if self.taken:
            self.taken.clear()
            self._present = {conversion.number: conversion for conversion in self._original}
            self._changed(list(self._original))


class Desks:
    """The desks of all networks that take corrections, for a test or a person to look at and to upload files to."""

    def __init__(self, emulators: Mapping[str, object], now: Callable[[], int]) -> None:
        """Keep the emulators and the clock."""
        self._emulators, self._now = emulators, now

    def ignore(self, network: str) -> None:
        """Let a network answer every instruction as ever and follow none, until the next reset.

        Raises:
            ValueError: It takes none.
        """
        self._desk(network).is_deaf = True

    def taken(self, network: str) -> list[Told]:
        """Return the instructions that a network has followed, in order.

        Raises:
            ValueError: It takes none.
        """
        return list(self._desk(network).taken)

    def forget(self, network: str) -> None:
        """Let a network begin anew with the world as it was built.

        Raises:
            ValueError: It takes none.
        """
        self._desk(network).forget()

    def upload(self, network: str, account_id: str, kind: str, text: str) -> int:
        """Upload a file in a network's dashboard, as a person does; returns how many records it changed.

        Raises:
            ValueError: The network takes no files, or not this one.
        """
        take = getattr(self._emulators[network], "upload", None)
        if take is None:
            raise ValueError(f"{network} takes no files")
        changed: int = take(account_id, kind, text, self._now())
        return changed

    def _desk(self, network: str) -> Desk:
        desk = getattr(self._emulators[network], "desk", None)
        if not isinstance(desk, Desk):
            raise ValueError(f"{network} takes no corrections")
        return desk
