"""When a run shall stop, and what must end before it does: an order is carried to its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeVar

import structlog

from kuber.runs.batches import NotRecorded
from kuber.trading.errors import OrderNotWanted

log = structlog.get_logger(__name__)

T = TypeVar("T")

AFTER_ORDER_S = 5.0
"""How long a node that was to stop during its order may go on after it."""

ONLY_ONCE_S = 20.0
"""How long a node that must not be repeated may go on in a process that ends. Whoever ends the
process waits for longer: what is cut off here ends its run as `outcome_unknown`."""


class StopReason(StrEnum):
    """Why a run is stopped before its last node."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    LEASE_LOST = "lease_lost"
    HANDED_BACK = "handed_back"
    """The process ends; another one goes on."""


class RunStop:
    """Whether one run shall stop; stops the nodes that work, but none that has an order out.

    Orders are tasks of their own, owned here: `orders_over` returns when none is under way.
    """

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self.works: set[NodeWork] = set()
        self.orders: set[asyncio.Task[Any]] = set()

    def request(self, reason: StopReason) -> None:
        """Stop the run. The first reason counts, unless the run is lost."""
        if self.reason is None or reason is StopReason.LEASE_LOST:
            self.reason = reason
        for work in self.works:
            work.stop()

    async def orders_over(self) -> None:
        """Wait for the orders under way, also those whose node no longer waits for them."""
        while self.orders:
            await asyncio.wait(self.orders)


class NodeWork:
    """The work of one node. It can be stopped, and its attempts limited, but between orders only:
    while one is under way no limit counts, and afterwards it has `AFTER_ORDER_S` to end.

    `only_once` says that the node has begun what must not be repeated: when its process ends, it
    has `ONLY_ONCE_S` to come to its own end."""

    only_once = False

    def __init__(self, stop: RunStop) -> None:
        self._stop = stop
        self._scope = asyncio.timeout(None)
        self._limit: asyncio.Timeout | None = None
        self._limit_at = 0.0
        self._orders = 0

    async def run(self, work: Awaitable[T]) -> T | None:
        """Return what `work` returns, None when the node was stopped."""
        self._stop.works.add(self)
        try:
            async with self._scope:
                result = await work
        except TimeoutError:
            if not self._scope.expired():
                raise
            return None
        finally:
            self._stop.works.discard(self)
        return None if self._scope.expired() else result

    def stop(self) -> None:
        """Stop the node now, or some time after its order."""
        if self._orders:
            return
        waits = self.only_once and self._stop.reason is StopReason.HANDED_BACK
        at, set_before = _now() + (ONLY_ONCE_S if waits else 0.0), self._scope.when()
        _set(self._scope, at if set_before is None else min(at, set_before))

    def limit(self, seconds: float) -> asyncio.Timeout:
        """Return the limit of an attempt, to be entered at once."""
        self._limit_at = _now() + seconds
        self._limit = asyncio.timeout_at(self._limit_at)
        return self._limit

    async def carry(self, order: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Carry an order to its end, whatever becomes of the node meanwhile; return its result."""
        if self._scope.expired() or (self._limit is not None and self._limit.expired()):
            raise asyncio.CancelledError("The node was stopped before its order.")
        task = asyncio.create_task(order())
        self._orders += 1
        self._stop.orders.add(task)
        _set(self._scope, None)
        _set(self._limit, None)
        task.add_done_callback(self._over)
        try:
            return await asyncio.shield(task)
        except NotRecorded:
            self._stop.request(StopReason.LEASE_LOST)
            await asyncio.Event().wait()  # until that stop ends the node
            raise
        except OrderNotWanted:
            self._stop.request(StopReason.CANCELLED)
            await asyncio.Event().wait()  # until that stop ends the node
            raise

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._orders -= 1
        self._stop.orders.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, OrderNotWanted | NotRecorded):
            log.warning("order_without_answer", reason=str(error))
        if self._orders:
            return
        until = _now() + AFTER_ORDER_S
        _set(self._limit, max(self._limit_at, until))
        if self._stop.reason is not None:
            _set(self._scope, until)


class TimeLimit:
    """Calls `reached` once `limit_s` seconds have passed, those not counted that `idle_s` tells."""

    def __init__(
        self, limit_s: float, idle_s: Callable[[], float], reached: Callable[[], None]
    ) -> None:
        self._limit_s = limit_s
        self._idle_s = idle_s
        self._reached = reached
        self._began = _now()
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._look)

    def cancel(self) -> None:
        """Let the limit not count any more."""
        self._timer.cancel()

    def _look(self) -> None:
        left_s = self._began + self._limit_s + self._idle_s() - _now()
        if left_s > 0:
            self._timer = asyncio.get_running_loop().call_later(left_s, self._look)
        else:
            self._reached()


def _set(limit: asyncio.Timeout | None, when: float | None) -> None:
    """Move a limit, if it still counts."""
    if limit is not None:
        with suppress(RuntimeError):  # over, or expired already
            limit.reschedule(when)


def _now() -> float:
    return asyncio.get_running_loop().time()
