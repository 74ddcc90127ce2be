"""Starts periodic pipelines when they are due. Any number of schedulers may run: the row of a
pipeline is locked while one of them acts, and moves to its next time in the same transaction."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from kuber.costs.service import CostService
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId, UserId, new_id
from kuber.market.service import MarketService
from kuber.market.types import Instruments
from kuber.pipelines.schedule import DuePipeline, NextDue, due_pipelines, schedule_next
from kuber.pipelines.triggers import next_due, open_symbols
from kuber.runs.starting import RunRequest, start_runs

log = structlog.get_logger(__name__)

_BATCH = 200

_Skips = dict[str, tuple[str, str]]
"""By symbol: reason and sentence."""


class Scheduler:
    """Looks for due pipelines and queues their runs."""

    def __init__(
        self,
        pool: RawPool,
        market: MarketService,
        costs: CostService,
        clock: Clock,
        wake: Callable[[], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._market = market
        self._costs = costs
        self._clock = clock
        self._wake = wake
        self.started = 0

    async def run_once(self) -> int:
        """Start everything that is due; return how many runs were queued.

        What fell due while no scheduler ran is made up for once, not once for each slot.
        """
        total, now = 0, self._clock.now()
        while True:
            async with self._pool.connection() as connection:
                seen = await due_pipelines(connection, now, _BATCH, lock=False)
                if not seen:
                    return total
                wanted = {(one.user_id, symbol) for one in seen for symbol in one.trigger.symbols}
            instruments = await self._market.instruments(wanted)  # may take long: holds nothing
            queued = await self._start(seen, instruments, now)
            if queued is None:
                return total
            total += queued
            self.started += queued
            if queued:
                log.info("schedule_started", runs=queued, pipelines=len(seen))
                await self._wake()

    async def _start(
        self, seen: Sequence[DuePipeline], instruments: Instruments, now: datetime
    ) -> int | None:
        """Start what is still due of `seen`; None when others have taken all of it."""
        async with self._pool.connection() as connection, connection.transaction():
            locked = await due_pipelines(connection, now, _BATCH, lock=True)
            due = [one for one in locked if one in seen]
            if not due:
                return None
            spent_out = await self._costs.spent_out(connection, [one.user_id for one in due])
            skips = {one.pipeline_id: _screen(one, instruments, spent_out, now) for one in due}
            asked = [
                (one, _request(one, symbol, instruments, now))
                for one in due
                for symbol in one.trigger.symbols
                if symbol not in skips[one.pipeline_id]
            ]
            queued = await start_runs(connection, [request for _, request in asked], now)
            for one, request in asked:
                if request.run_id not in queued:
                    detail = f"A run on {request.symbol} was pending or running."
                    skips[one.pipeline_id][request.symbol] = ("already_running", detail)
            next_times = [_next(one, skips[one.pipeline_id], now) for one in due]
            await schedule_next(connection, next_times)
            return len(queued)


def _screen(
    one: DuePipeline, instruments: Instruments, spent_out: dict[UserId, str], now: datetime
) -> _Skips:
    """Return the symbols that start nothing this time, each with the reason."""
    skips: _Skips = {}
    trading = open_symbols(one.trigger, now) if one.trigger.market_hours_only else None
    for symbol in one.trigger.symbols:
        if why := instruments.why_none(one.user_id, symbol):
            skips[symbol] = ("market_unavailable", why)
        elif (one.user_id, symbol) not in instruments.found:
            skips[symbol] = ("unknown_symbol", f"There are no prices for {symbol}.")
        elif trading is not None and symbol not in trading:
            skips[symbol] = ("market_closed", f"The market of {symbol} was closed.")
        elif one.user_id in spent_out:
            skips[symbol] = ("budget", spent_out[one.user_id])
    return skips


def _request(one: DuePipeline, symbol: str, instruments: Instruments, now: datetime) -> RunRequest:
    instrument = instruments.found[one.user_id, symbol]
    return RunRequest(
        run_id=RunId(new_id()),
        pipeline_id=one.pipeline_id,
        symbol=instrument.symbol,
        as_of=now if instrument.last_at is None else min(now, instrument.last_at),
        real_time=instrument.last_at is None,
        seed=secrets.randbelow(2**31),
        correlation_id=str(new_id()),
        traceparent=None,
        started_by="schedule",
    )


def _next(one: DuePipeline, skips: _Skips, now: datetime) -> NextDue:
    skip = None
    if skips:
        reasons: Sequence[tuple[str, str]] = list(skips.values())
        skip = {
            "at": one.due_at.isoformat(),
            "reason": reasons[0][0],
            "detail": " ".join(dict.fromkeys(sentence for _, sentence in reasons)),
        }
    return NextDue(one.pipeline_id, next_due(one.trigger, now), skip)
