"""What a call is answered: the emulator's answer, or that of the fault that strikes it."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from random import Random

from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.faults import FaultPlan, FaultServed
from affiliate_assets.sandbox.hits import Hit, anonymous
from affiliate_assets.sandbox.wire import Answer, Ask, Emulator
from affiliate_assets.sandbox.world import World


class Answering:
    """The emulators of a world behind a plan of faults.

    Attributes:
        plan: Which call gets which fault.
        dead: Networks whose credentials died of a fault.
        served: All calls that got a fault.
    """

    def __init__(
        self,
        world: World,
        emulators: Mapping[str, Emulator],
        secrets: Callable[[str], Mapping[str, str]],
        pause: int,
        move: Callable[[int], None],
    ) -> None:
        """Start without faults.

        Args:
            world: The world.
            emulators: What answers, by network.
            secrets: Returns the credentials of a network.
            pause: Seconds that the forms of a limit tell to wait.
            move: Sets the sandbox's clock.
        """
        self.plan = FaultPlan(emulators)
        self.dead: set[str] = set()
        self.served: list[FaultServed] = []
        self._emulators, self._secrets, self._pause, self._move = emulators, secrets, pause, move
        self._posted = [row.posted_at for row in world.ledger]

    def answer(self, network: str, ask: Ask, index: int, at: int) -> tuple[Answer, str | None]:
        """Return the answer to a call as of an instant, and the name of the fault in it.

        Args:
            network: The network called.
            ask: The call.
            index: Place among the network's calls.
            at: The sandbox's clock.
        """
        emulator = self._emulators[network]
        token = emulator.token_of(ask) or ""
        stripped = anonymous(ask, [*self._secrets(network).values(), token])
        if network in self.dead:
            self.served.append(FaultServed(network, "token_death", index))
            return emulator.answer(stripped, at), "token_death"
        answer = emulator.answer(ask, at)

        def kill() -> Answer:
            self.dead.add(network)
            return emulator.answer(stripped, at)

        def forget() -> Answer | None:
            sessions = getattr(emulator, "sessions", None)
            if sessions is None or not sessions.valid(token, at):
                return None
            sessions.clear()
            return emulator.answer(ask, at)

        def advance() -> int:
            """Move the clock by five minutes, or on to CJ's next row if that is later but within a day."""
            place = bisect_right(self._posted, at)
            following = self._posted[place] if place < len(self._posted) else at
            later = max(at + 300, following if following <= at + DAY else 0)
            self._move(later)
            return later

        def hit(rng: Random) -> Hit:
            return Hit(network, ask, at, answer, rng, self._pause, emulator.answer, advance, kill, forget, token)

        struck = self.plan.strike(network, index, hit)
        if struck is None:
            return answer, None
        fault, answer, call = struck
        self.served.append(FaultServed(network, fault.name, index, call.record, tuple(call.left_out)))
        return answer, fault.name

    def reset(self) -> None:
        """Forget what was served and what the brand has corrected, and end all sessions."""
        self.served = []
        for emulator in self._emulators.values():
            sessions = getattr(emulator, "sessions", None)
            if sessions is not None:
                sessions.clear()
            desk = getattr(emulator, "desk", None)
            if desk is not None:
                desk.forget()
