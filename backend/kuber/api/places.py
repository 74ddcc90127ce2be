"""Bounded places: how many may be at work at once, in all and for each one who asks."""

import asyncio
from collections import deque


class Places:
    """`most` places; up to `most` more wait for one, each for `patience_s` and in order."""

    def __init__(self, most: int, patience_s: float) -> None:
        self._most = most
        self._left = most
        self._patience_s = patience_s
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> bool:
        """Take a place, after a short wait if need be; False when there was none."""
        if self._left > 0:
            self._left -= 1
            return True
        if len(self._waiting) >= self._most:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait([turn], timeout=self._patience_s)
        except asyncio.CancelledError:
            if turn.done():
                self.give()
            else:
                self._waiting.remove(turn)
            raise
        if not turn.done():
            self._waiting.remove(turn)
            return False
        return True

    def give(self) -> None:
        """Give a place back: to who waits longest, if anybody does."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._left += 1
            assert self._left <= self._most, "a place is given back once"


class Shares:
    """How much of something each one holds; who holds nothing is not remembered."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self.total = 0

    def held(self, who: str) -> int:
        return self._held.get(who, 0)

    def take(self, who: str, amount: int, most: int) -> bool:
        """Take `amount`; False, and nothing taken, when `who` would hold more than `most`."""
        held = self._held.get(who, 0) + amount
        if held > most:
            return False
        self._held[who] = held
        self.total += amount
        return True

    def give(self, who: str, amount: int) -> None:
        """Give `amount` back."""
        left = self._held[who] - amount
        assert left >= 0, "no more is given back than was taken"
        self.total -= amount
        if left:
            self._held[who] = left
        else:
            del self._held[who]
