"""The dispatcher: each signal once, its matches, its runs and its announcement in one
transaction. What is redelivered finds the signal there and changes nothing."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from opentelemetry import trace

from kuber.costs.service import CostService
from kuber.infra.db import RawConnection, RawPool
from kuber.infra.dead_letters import Rejected
from kuber.infra.headers import event_id_of
from kuber.infra.kafka import IncomingMessage
from kuber.infra.outbox import announce_events, confirm_events
from kuber.infra.telemetry import (
    DISPATCH_SECONDS,
    SIGNAL_MATCHES,
    SIGNALS,
    SIGNALS_REPEATED,
    span,
)
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId, UserId, new_id
from kuber.market.feed.store import quoted_prices
from kuber.market.service import MarketService
from kuber.market.types import Instruments
from kuber.runs.queueing import full_in_words
from kuber.runs.starting import RunRequest, inactive, start_runs
from kuber.signals.events import SignalNormalized
from kuber.signals.index import SubscriptionIndex
from kuber.signals.intake import parse_message
from kuber.signals.matching import (
    Candidate,
    Match,
    Screen,
    candidates,
    moment_of,
    pipelines_of,
    skipped,
    started,
)
from kuber.signals.store import record_matches, record_signals
from kuber.signals.tiers import TierPolicy
from kuber.signals.types import Outcome, Signal, SkipReason, TickerQuote, TickerSignal
from kuber.trading.switches.starting import stopped_pipelines

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer(__name__)

_AT_ONCE = 5_000
"""Candidates of one transaction; it has more only when a single signal has."""
_STATEMENTS = 5
"""A transaction writes its candidates in so many; the event loop serves others in between."""

Found = tuple[Signal, Sequence[Candidate]]
"""A signal and everybody who may want it."""
Quotes = Mapping[str, tuple[datetime, Decimal, Decimal | None]]
"""Time, price and volume of the newest quote of each ticker that has one."""


class Dispatcher:
    """Handles batches of messages; the index is replaced or changed from outside."""

    def __init__(
        self,
        pool: RawPool,
        market: MarketService,
        costs: CostService,
        tiers: TierPolicy,
        clock: Clock,
        known_types: frozenset[str],
        wake: Callable[[], Awaitable[None]],
        at_once: int = _AT_ONCE,
    ) -> None:
        self._pool = pool
        self._market = market
        self._costs = costs
        self._tiers = tiers
        self._clock = clock
        self._known_types = known_types
        self._wake = wake
        self._at_once = at_once
        self.index = SubscriptionIndex()

    async def handle(self, messages: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        """Record the signals and start their runs; return the messages that hold no signal.

        A batch that means much is done in several transactions of whole signals: when one fails,
        those before it stand, and are known when the batch comes again.
        """
        now = self._clock.now()
        read = [parse_message(message, self._known_types, now) for message in messages]
        rejected = [item for item in read if isinstance(item, Rejected)]
        signals = _each_once(
            (item, event_id_of(message.headers))
            for item, message in zip(read, messages, strict=True)
            if isinstance(item, Signal)
        )
        SIGNALS_REPEATED.inc(len(read) - len(rejected) - len(signals))
        if signals:
            parents = (one.signal.traceparent for one in signals)
            parent = next((parent for parent in parents if parent), None)
            with span(_tracer, "dispatch", {"kuber.signals": len(signals)}, parent):
                events = {one.signal.id: one.events for one in signals}
                async for group in self._groups([one.signal for one in signals]):
                    ours = [event for signal, _ in group for event in events[signal.id]]
                    await self._dispatch(group, ours)
        for message in messages:
            DISPATCH_SECONDS.observe(max(0.0, time.time() - message.timestamp_ms / 1000))
        return rejected

    async def _groups(self, signals: Sequence[Signal]) -> AsyncIterator[Sequence[Found]]:
        """Yield the signals with their candidates, as many at once as a transaction may have."""
        group: list[Found] = []
        size = 0
        for signal in signals:
            found = await self._candidates(signal)
            if group and size + len(found) > self._at_once:
                yield group
                group, size = [], 0
            group.append((signal, found))
            size += len(found)
        yield group

    async def _candidates(self, signal: Signal) -> Sequence[Candidate]:
        """Return the candidates of all tickers, by ticker; others get on in between."""
        index, found = self.index, list[Candidate]()
        for item in sorted(signal.tickers, key=lambda item: item.ticker):
            found += candidates(index, signal, item)
            await asyncio.sleep(0)
        return found

    async def _dispatch(self, group: Sequence[Found], events: Sequence[UUID | None]) -> None:
        """Do all that `group` means, and confirm what announced it, at once or not at all."""
        now = self._clock.now()
        found = [one for _, ones in group for one in ones]
        instruments = await self._instruments(found)  # before the transaction: it may take long
        matched = Counter[tuple[object, Outcome, SkipReason | None]]()
        async with self._pool.connection() as connection, connection.transaction():
            new = await record_signals(connection, [signal for signal, _ in group], now)
            fresh = [one for one in found if one.signal.id in new]
            if len(group) > 1:  # one signal's are in order already
                fresh.sort(key=lambda one: (one.symbol, one.subscriber.pipeline_id.int))
            for part in self._parts(fresh):
                matches = await self._decide(connection, part, instruments, now)
                await record_matches(connection, matches)
                matched.update(
                    (one.candidate.signal.id, one.outcome, one.reason) for one in matches
                )
                await asyncio.sleep(0)
            counts = Counter[tuple[object, Outcome]]()
            for (signal_id, outcome, _), count in matched.items():
                counts[signal_id, outcome] += count
            named = {item.ticker for signal in new.values() for item in signal.tickers}
            quotes = await quoted_prices(connection, named) if named else {}
            announced = _announcements(new.values(), counts, quotes, now)
            await announce_events(connection, announced)
            await confirm_events(connection, events)
        await self._tell(group, new, matched)

    async def _tell(
        self,
        group: Sequence[Found],
        new: Mapping[object, Signal],
        matched: Mapping[tuple[object, Outcome, SkipReason | None], int],
    ) -> None:
        """Wake the workers for what was started; count and log what was done."""
        total = Counter[Outcome]()
        SIGNALS_REPEATED.inc(len(group) - len(new))
        for signal in new.values():
            SIGNALS.labels(signal.signal_type).inc()
        for (_, outcome, reason), count in matched.items():
            SIGNAL_MATCHES.labels(outcome.value, reason or "").inc(count)
            total[outcome] += count
        log.info(
            "signals_dispatched",
            new=len(new),
            known=len(group) - len(new),
            started=total[Outcome.STARTED],
            skipped=total[Outcome.SKIPPED],
        )
        if total[Outcome.STARTED]:
            await self._wake()

    def _parts(self, found: Sequence[Candidate]) -> Iterator[Sequence[Candidate]]:
        step = max(1, self._at_once // _STATEMENTS)
        for first in range(0, len(found), step):
            yield found[first : first + step]

    async def _instruments(self, found: Sequence[Candidate]) -> Instruments:
        wanted: set[tuple[UserId, str]] = set()
        for part in self._parts(found):
            wanted.update(
                (one.subscriber.user_id, one.symbol)
                for one in part
                if one.confidence >= one.threshold
            )
            await asyncio.sleep(0)
        return await self._market.instruments(wanted)

    async def _decide(
        self,
        connection: RawConnection,
        found: Sequence[Candidate],
        instruments: Instruments,
        now: datetime,
    ) -> list[Match]:
        users = list({one.subscriber.user_id for one in found})
        over_daily_budget = await self._costs.over_daily_budget(connection, users) if users else {}
        of_now = {
            (one.subscriber.user_id, one.subscriber.pipeline_id)
            for one in found
            if moment_of(one.signal, now)[1]
        }
        stopped = await stopped_pipelines(connection, of_now)
        screen = Screen(self._tiers, instruments, over_daily_budget, stopped)
        refused = [screen.refusal(one) for one in found]
        allowed = [one for one, match in zip(found, refused, strict=True) if match is None]
        asked = [(one, _request(one, instruments, now)) for one in allowed]
        runs = await start_runs(connection, [request for _, request in asked], now)
        decided = runs.queued | runs.full
        rest = [one for one, request in asked if request.run_id not in decided]
        gone = await inactive(connection, pipelines_of(rest)) if rest else set()
        matches = [match for match in refused if match is not None]
        for one, request in asked:
            if request.run_id in runs.queued:
                matches.append(started(one, request.run_id))
            elif request.run_id in runs.full:
                matches.append(skipped(one, SkipReason.QUEUE_FULL, full_in_words(one.symbol)))
            elif one.subscriber.pipeline_id in gone:
                matches.append(
                    skipped(one, SkipReason.NOT_ACTIVE, "The pipeline was not active any more.")
                )
            else:
                detail = f"A run of the pipeline on {one.symbol} was not over yet."
                matches.append(skipped(one, SkipReason.ALREADY_RUNNING, detail))
        return matches


class _Announced(NamedTuple):
    """A signal with all ids that the messages of a batch announced it by."""

    signal: Signal
    events: list[UUID | None]


def _each_once(read: Iterable[tuple[Signal, UUID | None]]) -> list[_Announced]:
    """Return the signals without those that repeat an earlier one of the same batch."""
    kept: list[_Announced] = []
    known: dict[object, _Announced] = {}
    for signal, event in read:
        same = known.get(signal.id) or known.get(signal.idempotency_key)
        if same is None:
            same = _Announced(signal, [])
            kept.append(same)
        same.events.append(event)
        known.setdefault(signal.id, same)
        known.setdefault(signal.idempotency_key, same)
    return kept


def seed_of(signal: Signal, one: Candidate) -> int:
    """Return the seed of a run: of signal, pipeline and symbol, so that it can be told again."""
    text = f"{signal.id}:{one.subscriber.pipeline_id}:{one.symbol}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def _request(one: Candidate, instruments: Instruments, now: datetime) -> RunRequest:
    instrument = instruments.found[one.subscriber.user_id, one.symbol]
    as_of, real_time = moment_of(one.signal, now)
    return RunRequest(
        run_id=RunId(new_id()),
        pipeline_id=one.subscriber.pipeline_id,
        symbol=instrument.symbol,
        as_of=as_of,
        real_time=real_time,
        seed=seed_of(one.signal, one),
        correlation_id=one.signal.correlation_id,
        traceparent=one.signal.traceparent,
        started_by="signal",
        signal_id=one.signal.id,
    )


def _announcements(
    signals: Iterable[Signal],
    counts: Mapping[tuple[object, Outcome], int],
    quotes: Quotes,
    now: datetime,
) -> list[SignalNormalized]:
    return [
        SignalNormalized(
            occurred_at=now,
            correlation_id=signal.correlation_id,
            signal_id=signal.id,
            timestamp=signal.occurred_at.timestamp(),
            source=signal.source,
            signal_type=signal.signal_type,
            tickers=tuple(_quoted(item, quotes) for item in signal.tickers),
            metadata=dict(signal.metadata),
            user_id=signal.user_id,
            started=counts[signal.id, Outcome.STARTED],
            skipped=counts[signal.id, Outcome.SKIPPED],
        )
        for signal in signals
    ]


def _quoted(item: TickerSignal, quotes: Quotes) -> dict[str, Any]:
    quote = None
    if item.ticker in quotes:
        quoted_at, price, volume = quotes[item.ticker]
        quote = TickerQuote(price=price, volume=volume, quoted_at=quoted_at).model_dump(mode="json")
    return {**item.model_dump(mode="json"), "quote": quote}
