"""Starts periodic pipelines when they are due. Any number of schedulers may run: the row of a
pipeline is locked while one of them acts, and moves to its next time in the same transaction."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from kuber.costs.service import CostService
from kuber.infra.db import JsonObject, RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import PipelineId, RunId, UserId, new_id
from kuber.market.service import MarketService
from kuber.market.types import Instruments
from kuber.pipelines.schedule import (
    Due,
    DuePipeline,
    NextDue,
    UnreadablePipeline,
    schedule_next,
)
from kuber.pipelines.triggers import (
    Markets,
    due_after_failure,
    may_start,
    next_due,
    next_look,
    open_symbols,
)
from kuber.runs.due import due_pipelines
from kuber.runs.queueing import full_in_words
from kuber.runs.starting import RunRequest, Started, start_runs
from kuber.trading.switches.starting import stopped_pipelines

log = structlog.get_logger(__name__)

_BATCH = 200
_PUT_OFF = timedelta(hours=1)
"""When a pipeline that cannot be planned is looked at again."""
_AFTER_FAILURE = ("last_run_failed", "The last run failed, so the next one waits.")
_Skips = dict[str, tuple[str, str]]
"""By symbol: reason and sentence."""


@dataclass(frozen=True, slots=True)
class _Schedule:
    """What one due pipeline starts now, and when it is due after that."""

    one: DuePipeline
    requests: list[RunRequest]
    skips: _Skips
    next_run_at: datetime
    note: tuple[str, str] | None
    """Reason and sentence when it waits longer than it usually would."""


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

        What fell due while no scheduler ran, or while the clock jumped, is made up for once, not
        once for each slot. A pipeline that cannot be planned is put off and stops no other.
        """
        total, now = 0, self._clock.now()
        while True:
            async with self._pool.connection() as connection:
                seen = await due_pipelines(connection, now, _BATCH, lock=False)
            if not seen.pipelines and not seen.unreadable:
                return total
            wanted = {
                (one.user_id, symbol) for one in seen.pipelines for symbol in one.trigger.symbols
            }
            instruments = await self._market.instruments(wanted)  # may take long: holds nothing
            queued = await self._start(seen, instruments, now)
            if queued is None:
                return total
            total += queued
            self.started += queued
            if queued:
                log.info("schedule_started", runs=queued, pipelines=len(seen.pipelines))
                await self._wake()

    async def _start(self, seen: Due, instruments: Instruments, now: datetime) -> int | None:
        """Start what is still due of `seen`; None when others have taken all of it."""
        async with self._pool.connection() as connection, connection.transaction():
            locked = await due_pipelines(connection, now, _BATCH, lock=True)
            due = [one for one in locked.pipelines if one in seen.pipelines]
            if not due and not locked.unreadable:
                return None
            over_budget = await self._costs.over_daily_budget(
                connection, [one.user_id for one in due]
            )
            stopped = await stopped_pipelines(
                connection, [(one.user_id, one.pipeline_id) for one in due]
            )
            held_back = _HeldBack(over_budget, stopped)
            plans, next_times = [], [_put_off(one, one.problem, now) for one in locked.unreadable]
            for one in due:
                try:
                    plans.append(_plan(one, instruments, held_back, now))
                except Exception:
                    log.exception("schedule_unplannable", pipeline_id=str(one.pipeline_id))
                    next_times.append(_put_off(one, "The schedule could not be worked out.", now))
            requests = [request for plan in plans for request in plan.requests]
            started = await start_runs(connection, requests, now)
            next_times += [_next(plan, started) for plan in plans]
            await schedule_next(connection, next_times)
            return len(started.queued)


@dataclass(frozen=True, slots=True)
class _HeldBack:
    """Who starts nothing now, each with the reason in words."""

    over_budget: dict[UserId, str]
    stopped: dict[PipelineId, str]
    """By a switch."""


def _plan(
    one: DuePipeline, instruments: Instruments, held_back: _HeldBack, now: datetime
) -> _Schedule:
    markets = _markets(one, instruments)
    held = _held_back(one, markets, now)
    if held is not None:
        return held
    skips = _screen(one, instruments, held_back, now)
    requests = [
        _request(one, symbol, instruments, now)
        for symbol in one.trigger.symbols
        if symbol not in skips
    ]
    return _scheduled(one, requests, skips, next_due(one.trigger, now, markets), now)


def _held_back(one: DuePipeline, markets: Markets, now: datetime) -> _Schedule | None:
    """Return when a continuous pipeline goes on that may not start now, None where it may.

    Its hours may be over since it was due: until then its last run was under way.
    """
    if not one.trigger.continuous:
        return None
    if one.failed_at is not None:
        again = due_after_failure(one.trigger, one.failed_at, markets)
        if again is None or again > now:
            return _scheduled(one, [], {}, again, now, _AFTER_FAILURE)
    if not may_start(one.trigger, now, markets):
        return _scheduled(one, [], {}, next_due(one.trigger, now, markets), now)
    return None


def _scheduled(
    one: DuePipeline,
    requests: list[RunRequest],
    skips: _Skips,
    next_run_at: datetime | None,
    now: datetime,
    note: tuple[str, str] | None = None,
) -> _Schedule:
    if next_run_at is not None:
        return _Schedule(one, requests, skips, next_run_at, note)
    next_run_at = next_look(one.trigger, now)
    sentence = f"Until {next_run_at:%Y-%m-%d %H:%M} UTC the schedule is never due in market hours."
    return _Schedule(one, requests, skips, next_run_at, ("market_closed", sentence))


def _screen(
    one: DuePipeline, instruments: Instruments, held_back: _HeldBack, now: datetime
) -> _Skips:
    """Return the symbols that start nothing this time, each with the reason."""
    if one.pipeline_id in held_back.stopped:
        why = held_back.stopped[one.pipeline_id]
        return dict.fromkeys(one.trigger.symbols, ("trading_stopped", why))
    skips: _Skips = {}
    trading = None
    if one.trigger.market_hours_only:
        trading = open_symbols(one.trigger, now, _markets(one, instruments))
    for symbol in one.trigger.symbols:
        if why := instruments.why_none(one.user_id, symbol):
            skips[symbol] = ("market_unavailable", why)
        elif (one.user_id, symbol) not in instruments.found:
            skips[symbol] = ("unknown_symbol", f"There are no prices for {symbol}.")
        elif trading is not None and symbol not in trading:
            skips[symbol] = ("market_closed", f"The market of {symbol} was closed.")
        elif one.user_id in held_back.over_budget:
            skips[symbol] = ("budget", held_back.over_budget[one.user_id])
    return skips


def _markets(one: DuePipeline, instruments: Instruments) -> dict[str, str]:
    """Return the calendars of the symbols, as the user sees them."""
    keys = ((one.user_id, symbol) for symbol in one.trigger.symbols)
    return {key[1]: instruments.found[key].calendar for key in keys if key in instruments.found}


def _request(one: DuePipeline, symbol: str, instruments: Instruments, now: datetime) -> RunRequest:
    instrument = instruments.found[one.user_id, symbol]
    return RunRequest(
        run_id=RunId(new_id()),
        pipeline_id=one.pipeline_id,
        symbol=instrument.symbol,
        as_of=now,
        real_time=True,
        seed=secrets.randbelow(2**31),
        correlation_id=str(new_id()),
        traceparent=None,
        started_by="schedule",
    )


def _next(plan: _Schedule, started: Started) -> NextDue:
    reasons = list(plan.skips.values())
    for request in plan.requests:
        if request.run_id in started.full:
            reasons.append(("queue_full", full_in_words(request.symbol)))
        elif request.run_id not in started.queued:
            detail = (
                f"A run on {request.symbol} was not over yet: it waited for its turn or its time,"
                " or was at work. Cancel it to let the schedule go on."
            )
            reasons.append(("already_running", detail))
    if plan.note is not None:
        reasons.append(plan.note)
    skip = _skip(plan.one, reasons) if reasons else None
    return NextDue(plan.one.pipeline_id, plan.next_run_at, skip)


def _put_off(one: DuePipeline | UnreadablePipeline, problem: str, now: datetime) -> NextDue:
    log.warning("schedule_put_off", pipeline_id=str(one.pipeline_id), problem=problem)
    detail = f"{problem} Set the trigger again and publish it to put it right."
    return NextDue(one.pipeline_id, now + _PUT_OFF, _skip(one, [("not_runnable", detail)]))


def _skip(one: DuePipeline | UnreadablePipeline, reasons: Sequence[tuple[str, str]]) -> JsonObject:
    return {
        "at": one.due_at.isoformat(),
        "reason": reasons[0][0],
        "detail": " ".join(dict.fromkeys(sentence for _, sentence in reasons)),
    }
