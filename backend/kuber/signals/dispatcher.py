"""The dispatcher: each signal once, its matches, its runs and its announcement in one
transaction. What is redelivered finds the signal there and changes nothing."""

import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

import structlog
from opentelemetry import trace
from psycopg.types.json import Jsonb

from kuber.costs.service import CostService
from kuber.infra.db import JsonObject, RawConnection, RawPool
from kuber.infra.dead_letters import Rejected
from kuber.infra.kafka import IncomingMessage
from kuber.infra.outbox import OUTBOX_INSERT, outbox_json
from kuber.infra.telemetry import (
    DISPATCH_SECONDS,
    SIGNAL_MATCHES,
    SIGNALS,
    SIGNALS_REPEATED,
    context_of,
)
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId, new_id
from kuber.market.service import MarketService
from kuber.market.types import Instruments
from kuber.runs.starting import RunRequest, inactive, start_runs
from kuber.signals.events import SignalNormalized
from kuber.signals.index import SubscriptionIndex
from kuber.signals.intake import read_signal
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
from kuber.signals.tiers import TierPolicy
from kuber.signals.types import Outcome, Signal, SkipReason

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer(__name__)

_INSERT_SIGNALS = """
    insert into signals (id, idempotency_key, user_id, source, signal_type, occurred_at,
                         received_at, tickers, details, extra, correlation_id)
    select s.id, s.idempotency_key, u.id, s.source, s.signal_type, s.occurred_at, %(now)s,
           s.tickers, s.details, s.extra, s.correlation_id
    from jsonb_to_recordset(%(signals)s)
      as s(id uuid, idempotency_key text, user_id uuid, source text, signal_type text,
           occurred_at timestamptz, tickers jsonb, details jsonb, extra jsonb,
           correlation_id text)
    left join users u on u.id = s.user_id
    where s.user_id is null or u.id is not null
    order by s.idempotency_key
    on conflict do nothing
    returning id
"""
_INSERT_MATCHES = """
    insert into signal_matches (signal_id, pipeline_id, symbol, user_id, outcome, reason, detail,
                                confidence, threshold, run_id)
    select m.signal_id, p.id, m.symbol, p.user_id, m.outcome, m.reason, m.detail, m.confidence,
           m.threshold, m.run_id
    from jsonb_to_recordset(%(matches)s)
      as m(signal_id uuid, pipeline_id uuid, symbol text, outcome text, reason text, detail text,
           confidence float, threshold float, run_id uuid)
    join pipelines p on p.id = m.pipeline_id
"""


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
    ) -> None:
        self._pool = pool
        self._market = market
        self._costs = costs
        self._tiers = tiers
        self._clock = clock
        self._known_types = known_types
        self._wake = wake
        self.index = SubscriptionIndex()

    async def handle(self, messages: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        """Record the signals and start their runs; return the messages that hold no signal."""
        now = self._clock.now()
        read = [read_signal(message, self._known_types, now) for message in messages]
        found = [item for item in read if isinstance(item, Signal)]
        signals = _each_once(found)
        SIGNALS_REPEATED.inc(len(found) - len(signals))
        if signals:
            parent = next((item.traceparent for item in signals if item.traceparent), None)
            with _tracer.start_as_current_span(
                "dispatch", context_of(parent), attributes={"kuber.signals": len(signals)}
            ):
                matches = await self._dispatch(signals)
            if any(match.outcome is Outcome.STARTED for match in matches):
                await self._wake()
        for message in messages:
            DISPATCH_SECONDS.observe(max(0.0, time.time() - message.timestamp_ms / 1000))
        return [item for item in read if isinstance(item, Rejected)]

    async def _dispatch(self, signals: Sequence[Signal]) -> list[Match]:
        now = self._clock.now()
        found = candidates(self.index, signals)
        instruments = await self._instruments(found)  # before the transaction: it may take long
        async with self._pool.connection() as connection, connection.transaction():
            new = await self._record(connection, signals, now)
            found = [one for one in found if one.signal.id in new]
            matches = await self._decide(connection, found, instruments, now)
            await self._record_matches(connection, matches)
            announced = _announcements(new.values(), matches, now)
            await connection.execute(OUTBOX_INSERT, {"outbox": Jsonb(outbox_json(announced))})
        for signal in new.values():
            SIGNALS.labels(signal.signal_type).inc()
        SIGNALS_REPEATED.inc(len(signals) - len(new))
        for match in matches:
            SIGNAL_MATCHES.labels(match.outcome.value, match.reason or "").inc()
        log.info(
            "signals_dispatched",
            new=len(new),
            known=len(signals) - len(new),
            started=sum(match.outcome is Outcome.STARTED for match in matches),
            skipped=sum(match.outcome is Outcome.SKIPPED for match in matches),
        )
        return matches

    async def _instruments(self, found: Sequence[Candidate]) -> Instruments:
        wanted = {
            (one.subscriber.user_id, one.symbol) for one in found if one.confidence >= one.threshold
        }
        return await self._market.instruments(wanted)

    async def _record(
        self, connection: RawConnection, signals: Sequence[Signal], now: datetime
    ) -> dict[object, Signal]:
        """Insert the signals that are new; return those by id."""
        values = {"signals": Jsonb([_row(signal) for signal in signals]), "now": now}
        rows = await (await connection.execute(_INSERT_SIGNALS, values)).fetchall()
        by_id = {signal.id: signal for signal in signals}
        return {row[0]: by_id[row[0]] for row in rows}

    async def _decide(
        self,
        connection: RawConnection,
        found: Sequence[Candidate],
        instruments: Instruments,
        now: datetime,
    ) -> list[Match]:
        users = list({one.subscriber.user_id for one in found})
        spent_out = await self._costs.spent_out(connection, users) if users else {}
        screen = Screen(self._tiers, instruments, spent_out)
        refused = [screen.refusal(one) for one in found]
        allowed = [one for one, match in zip(found, refused, strict=True) if match is None]
        asked = [(one, _request(one, instruments, now)) for one in allowed]
        queued = await start_runs(connection, [request for _, request in asked], now)
        rest = [one for one, request in asked if request.run_id not in queued]
        gone = await inactive(connection, pipelines_of(rest)) if rest else set()
        matches = [match for match in refused if match is not None]
        for one, request in asked:
            if request.run_id in queued:
                matches.append(started(one, request.run_id))
            elif one.subscriber.pipeline_id in gone:
                matches.append(
                    skipped(one, SkipReason.NOT_RUNNABLE, "The pipeline was not active any more.")
                )
            else:
                detail = f"A run of the pipeline on {one.symbol} was pending or running."
                matches.append(skipped(one, SkipReason.ALREADY_RUNNING, detail))
        return matches

    async def _record_matches(self, connection: RawConnection, matches: Sequence[Match]) -> None:
        if not matches:
            return
        rows = [
            {
                "signal_id": str(match.candidate.signal.id),
                "pipeline_id": str(match.candidate.subscriber.pipeline_id),
                "symbol": match.candidate.symbol,
                "outcome": match.outcome.value,
                "reason": match.reason,
                "detail": match.detail,
                "confidence": match.candidate.confidence,
                "threshold": match.candidate.threshold,
                "run_id": str(match.run_id) if match.run_id else None,
            }
            for match in matches
        ]
        await connection.execute(_INSERT_MATCHES, {"matches": Jsonb(rows)})


def _each_once(signals: Iterable[Signal]) -> list[Signal]:
    """Return the signals without those that repeat an earlier one of the same batch."""
    by_key: dict[str, Signal] = {}
    ids: set[object] = set()
    for signal in signals:
        if signal.id not in ids:
            by_key.setdefault(signal.idempotency_key, signal)
            ids.add(signal.id)
    return list(by_key.values())


def seed_of(signal: Signal, one: Candidate) -> int:
    """Return the seed of a run: of signal, pipeline and symbol, so that it can be told again."""
    text = f"{signal.id}:{one.subscriber.pipeline_id}:{one.symbol}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def _request(one: Candidate, instruments: Instruments, now: datetime) -> RunRequest:
    instrument = instruments.found[one.subscriber.user_id, one.symbol]
    as_of, real_time = moment_of(one.signal, instrument, now)
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


def _row(signal: Signal) -> JsonObject:
    return {
        "id": str(signal.id),
        "idempotency_key": signal.idempotency_key,
        "user_id": str(signal.user_id) if signal.user_id else None,
        "source": signal.source,
        "signal_type": signal.signal_type,
        "occurred_at": signal.occurred_at.isoformat(),
        "tickers": [item.model_dump(mode="json") for item in signal.tickers],
        "details": signal.metadata,
        "extra": signal.extra,
        "correlation_id": signal.correlation_id,
    }


def _announcements(
    signals: Iterable[Signal], matches: Sequence[Match], now: datetime
) -> list[SignalNormalized]:
    counts = Counter((match.candidate.signal.id, match.outcome) for match in matches)
    return [
        SignalNormalized(
            occurred_at=now,
            correlation_id=signal.correlation_id,
            signal_id=signal.id,
            timestamp=signal.occurred_at.timestamp(),
            source=signal.source,
            signal_type=signal.signal_type,
            tickers=tuple(item.model_dump(mode="json") for item in signal.tickers),
            metadata=dict(signal.metadata),
            user_id=signal.user_id,
            started=counts[signal.id, Outcome.STARTED],
            skipped=counts[signal.id, Outcome.SKIPPED],
        )
        for signal in signals
    ]
