"""How much of each kind of work one process does at a time, and which of its runs compute.

A run is open while its process holds it. It computes unless all that goes on in it is outside: a
model that is asked, an order that is carried out, a plug-in, or the wait for a permit of those.
Open runs cost memory, computing ones the processor: each has its own limit.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count

from kuber.kernel.ids import UserId

_BY_HAND, _OTHERWISE = 1, 8
"""The steps: of nine permits of one user who waits for both, eight are of runs by hand."""


class WorkKind(StrEnum):
    """What a node's work is limited by."""

    COMPUTING = "computing"
    MODEL = "model"
    """It asks a language model."""
    EXECUTION = "execution"
    """It may place an order."""
    PLUGIN = "plugin"
    """An agent of another package: nobody knows what it waits for."""


class Permits:
    """At most `most` at a time; each user's in turn, those of runs by hand with a larger share.

    Start-time fair queueing (Goyal, Vin, Cheng 1996): each wait of a user comes a step after the
    one before it, and a user who did not wait begins where the others are. So many waits of one
    user stand behind the first of another. The steps of runs by hand are shorter.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._numbers = count()
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._now = 0
        """The step of the wait that was served last."""
        self._last: dict[tuple[UserId, bool], int] = {}
        """The step of each user's last wait, by hand and otherwise."""

    @asynccontextmanager
    async def one(self, user_id: UserId, *, by_hand: bool) -> AsyncIterator[None]:
        """Hold a permit while the block runs."""
        await self._take(user_id, by_hand)
        try:
            yield
        finally:
            self._give()

    async def _take(self, user_id: UserId, by_hand: bool) -> None:
        if self._free:
            self._free -= 1
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        whose = (user_id, by_hand)
        step = max(self._now, self._last.get(whose, 0)) + (_BY_HAND if by_hand else _OTHERWISE)
        self._last[whose] = step
        heappush(self._queue, (step, next(self._numbers), granted))
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._give()  # it was granted at the moment of the cancellation
            raise

    def _give(self) -> None:
        while self._queue:
            step, _, granted = heappop(self._queue)
            if not granted.done():
                self._now = max(self._now, step)
                granted.set_result(None)
                return
        self._now, self._last = 0, {}
        self._free += 1


class RunPermits:
    """The permits of one run's nodes; tells `ceased` when the run ceases to compute."""

    def __init__(
        self,
        permits: Mapping[WorkKind, Permits],
        user_id: UserId,
        by_hand: bool,
        ceased: Callable[[], None] = lambda: None,
    ) -> None:
        self._permits = permits
        self._user_id = user_id
        self._by_hand = by_hand
        self._ceased = ceased
        self._computing = 0
        self._outside = 0
        self._queued = 0
        self._working = 0
        self._queued_s = 0.0
        self._since = time.monotonic()

    @property
    def computes(self) -> bool:
        """Whether the run needs the processor now, or may at any moment."""
        return self._computing > 0 or self._outside == 0

    @property
    def queued_s(self) -> float:
        """Seconds in which nothing went on in the run but the wait for a permit."""
        self._count()
        return self._queued_s

    @asynccontextmanager
    async def hold(self, kind: WorkKind) -> AsyncIterator[None]:
        """Hold a permit for a node's work while the block runs."""
        outside = kind is not WorkKind.COMPUTING
        self._move(outside, 1)
        self._change(queued=1)
        queued = True
        try:
            async with self._permits[kind].one(self._user_id, by_hand=self._by_hand):
                queued = False
                self._change(queued=-1, working=1)
                try:
                    yield
                finally:
                    self._change(working=-1)
        finally:
            if queued:
                self._change(queued=-1)
            self._move(outside, -1)

    def _move(self, outside: bool, by: int) -> None:
        before = self.computes
        if outside:
            self._outside += by
        else:
            self._computing += by
        if before and not self.computes:
            self._ceased()

    def _change(self, *, queued: int = 0, working: int = 0) -> None:
        self._count()
        self._queued += queued
        self._working += working

    def _count(self) -> None:
        now = time.monotonic()
        if self._queued and not self._working:
            self._queued_s += now - self._since
        self._since = now
