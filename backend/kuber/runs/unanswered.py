"""A run does not end before its orders are answered, also those of a worker that died."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from kuber.runs.batches import LeaseLost
from kuber.runs.stopping import RunStop, StopReason

log = structlog.get_logger(__name__)

ANSWERED_WITHIN_S = 150.0
"""How long a run waits for the answers: more than the sweep takes to conclude that an order never
arrived. A venue that says nothing for longer keeps no run; the sweep goes on asking."""
ASK_EVERY_S = 1.0


async def until_answered(ask: Callable[[], Awaitable[int]], stop: RunStop) -> None:
    """Return once `ask` returns that no order is left without an answer, or it took too long.

    Raises LeaseLost when the run is another worker's, or shall become it.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWERED_WITHIN_S
    while left := await ask():
        if stop.reason in (StopReason.LEASE_LOST, StopReason.HANDED_BACK):
            raise LeaseLost("its orders have no answer yet")
        if loop.time() >= until:
            log.error("orders_unanswered", orders=left)
            return
        await asyncio.sleep(ASK_EVERY_S)
