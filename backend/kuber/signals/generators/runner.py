"""Runs the generators that are switched on, sharing them with other instances."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import Database, JsonObject
from kuber.kernel.clock import Clock
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import UserId
from kuber.market.symbols import stored_symbol
from kuber.market.types import MarketData, Timeframe
from kuber.signals.generators.errors import DetectorFailed
from kuber.signals.generators.feed import silent_until
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.streams import Overtaken, SignalStream, StreamSpec
from kuber.signals.models import GeneratorRow

LEASE_S = 30.0
CLAIM_EVERY_S = 3.0
CAPACITY = 500
"""How many generators one instance runs; what is above it is left to other instances."""
MAX_SERIES = 3000
"""How many series they may follow together: each takes memory, at worst about 100 kB."""
_REST_AFTER_FAILURE = timedelta(minutes=1)
_LONGEST_REASON = 500

log = structlog.get_logger(__name__)


class _Claimed:
    """One generator that this instance runs, as its row was when it was claimed."""

    def __init__(self, row: GeneratorRow) -> None:
        self.updated_at = row.updated_at
        self.failure = row.failure
        """What is stored as the reason of its last failure."""
        self.spec = spec_of(row)
        self.stream: SignalStream | None = None
        """Made when it is first needed, and anew after a failure."""
        self.due_at: datetime | None = None


class GeneratorRunner:
    """Claims generators by a lease and drives them with bars as they close.

    Call `run_once` about every second. `kinds` narrows the instance to some kinds, so that each
    can have processes of its own; an instance that dies frees its generators within `lease_s`.
    """

    def __init__(
        self,
        database: Database,
        market: MarketData,
        registry: GeneratorRegistry,
        clock: Clock,
        instance: str,
        *,
        kinds: Collection[str] | None = None,
        capacity: int = CAPACITY,
        max_series: int = MAX_SERIES,
        lease_s: float = LEASE_S,
        claim_every_s: float = CLAIM_EVERY_S,
    ) -> None:
        self._database = database
        self._market = market
        self._registry = registry
        self._clock = clock
        self._instance = instance
        self._kinds = kinds
        self._capacity = capacity
        self._max_series = max_series
        self._lease = timedelta(seconds=lease_s)
        self._claim_every_s = claim_every_s
        self._claimed: dict[UUID, _Claimed] = {}
        self._claimed_at_s: float | None = None
        self._announced = 0

    def status(self) -> JsonObject:
        """Return a few figures for people."""
        failing = [one for one in self._claimed.values() if one.failure is not None]
        without_bars = {
            f"{claimed.spec.kind} {symbol}": reason
            for claimed in self._claimed.values()
            if claimed.stream is not None
            for symbol, reason in claimed.stream.problems.items()
        }
        return {
            "generators": len(self._claimed) - len(failing),
            "failing": len(failing),
            "signals": self._announced,
            "without_bars": dict(sorted(without_bars.items())[:20]),
        }

    async def run_once(self) -> int:
        """Look at what has closed since the last time; return how many signals were announced."""
        await self._claim_after(self._claim_every_s)
        announced = 0
        for generator_id in list(self._claimed):
            claimed = self._claimed.get(generator_id)
            if claimed is not None:
                announced += await self._advance(generator_id, claimed)
            await self._breathe()
        self._announced += announced
        return announced

    async def release(self) -> None:
        """Give all generators back, so that another instance can go on at once."""
        self._claimed.clear()
        self._claimed_at_s = None
        async with self._database.transaction() as session:
            await session.execute(
                update(GeneratorRow)
                .where(GeneratorRow.leased_by == self._instance)
                .values(leased_by=None, leased_until=None)
            )

    async def _breathe(self) -> None:
        """Let others work; neither a slow provider nor a long look back must cost the lease."""
        await asyncio.sleep(0)
        await self._claim_after(max(self._claim_every_s, self._lease.total_seconds() / 10))

    async def _claim_after(self, seconds: float) -> None:
        last_s = self._claimed_at_s
        if last_s is None or monotonic() - last_s >= seconds:
            await self._claim()

    async def _claim(self) -> None:
        """Renew the leases, take what is free, and let go what is no longer to be run."""
        began_s = monotonic()
        async with self._database.transaction() as session:
            wanted = await session.scalars(
                select(GeneratorRow)
                .where(GeneratorRow.enabled, self._mine_or_free(), *self._wanted_kinds())
                .order_by((GeneratorRow.leased_by == self._instance).desc().nulls_last())
                .order_by(GeneratorRow.id)
                .limit(self._capacity)
                .with_for_update(skip_locked=True)
            )
            held = {row.id: row for row in self._fitting(wanted)}
            await session.execute(
                update(GeneratorRow)
                .where(GeneratorRow.id.in_(held))
                .values(leased_by=self._instance, leased_until=func.now() + self._lease)
                .execution_options(synchronize_session=False)
            )
        self._claimed_at_s = began_s
        self._claimed = {
            generator_id: self._kept(row) or _Claimed(row) for generator_id, row in held.items()
        }

    def _fitting(self, rows: Iterable[GeneratorRow]) -> list[GeneratorRow]:
        """Return the rows whose series this instance has room for."""
        fitting, series = [], 0
        for row in rows:
            if series + len(row.symbols) <= self._max_series:
                fitting.append(row)
                series += len(row.symbols)
        return fitting

    def _mine_or_free(self) -> ColumnElement[bool]:
        return or_(
            GeneratorRow.leased_by == self._instance,
            GeneratorRow.leased_until.is_(None),
            GeneratorRow.leased_until < func.now(),
        )

    def _wanted_kinds(self) -> list[ColumnElement[bool]]:
        return [] if self._kinds is None else [GeneratorRow.kind.in_(self._kinds)]

    def _kept(self, row: GeneratorRow) -> _Claimed | None:
        """Return what runs already, unless its settings were changed since."""
        claimed = self._claimed.get(row.id)
        return claimed if claimed and claimed.updated_at == row.updated_at else None

    async def _advance(self, generator_id: UUID, claimed: _Claimed) -> int:
        now = self._clock.now()
        if claimed.due_at is not None and now < claimed.due_at:
            return 0
        try:
            stream = claimed.stream = claimed.stream or await self._opened(claimed)
            guard = partial(self._still_mine, generator_id, claimed.updated_at)
            announced = await stream.advance(self._market, guard)
            if claimed.failure is not None and not stream.behind:
                await self._note(generator_id, claimed, None)
        except (Overtaken, IntegrityError):  # somebody else runs it, or it was just deleted
            self._claimed.pop(generator_id, None)
            return 0
        except Exception as error:  # whatever one generator does, the others go on
            if is_of_the_database(error):
                raise
            claimed.stream, claimed.due_at = None, now + _REST_AFTER_FAILURE
            await self._note(generator_id, claimed, error)
            return 0
        rest = timedelta(0) if stream.behind else silent_until(stream.spec.timeframe.span)
        claimed.due_at = now + rest
        return announced

    async def _opened(self, claimed: _Claimed) -> SignalStream:
        """Return the generator's stream; series that are new to it begin where it was written."""
        spec = claimed.spec
        generator = self._registry.make(spec.kind, spec.config)
        stream = SignalStream(spec, generator, self._database, self._clock, self._breathe)
        await stream.open(claimed.updated_at)
        return stream

    async def _note(self, generator_id: UUID, claimed: _Claimed, error: Exception | None) -> None:
        """Store why the generator failed, where its owner sees it, or that it no longer does."""
        failure = None if error is None else _reason(error)
        if failure == claimed.failure:
            return
        if error is not None:
            log.warning(
                "generator_failed",
                generator_id=str(generator_id),
                generator=claimed.spec.kind,
                reason=failure,
                exc_info=None if isinstance(error, KuberError) else error,
            )
        async with self._database.transaction() as session:
            await session.execute(
                update(GeneratorRow)
                .where(GeneratorRow.id == generator_id)
                .where(GeneratorRow.updated_at == claimed.updated_at)
                .values(failure=failure)
            )
        claimed.failure = failure

    async def _still_mine(
        self, generator_id: UUID, updated_at: datetime, session: AsyncSession
    ) -> bool:
        held = await session.scalar(
            select(GeneratorRow.id)
            .where(
                GeneratorRow.id == generator_id,
                GeneratorRow.enabled,
                GeneratorRow.leased_by == self._instance,
                GeneratorRow.updated_at == updated_at,
            )
            .with_for_update(key_share=True)
        )
        return held is not None


def is_of_the_database(error: Exception) -> bool:
    """Return whether the failure is the database's, and not of what a generator gave it."""
    if isinstance(error, DataError | psycopg.DataError) or type(error) is StatementError:
        return False
    return isinstance(error, SQLAlchemyError | psycopg.Error | OSError)


def _reason(error: Exception) -> str:
    """Return what the owner of a failed generator reads."""
    if isinstance(error, KuberError):
        words = " ".join([error.detail, *(problem.message for problem in error.problems)])
    elif isinstance(error, DetectorFailed):
        words = str(error)
    else:
        words = type(error).__name__
    return f"It failed, and is tried again every minute: {words}"[:_LONGEST_REASON].replace(
        "\x00", ""
    )


def spec_of(row: GeneratorRow) -> StreamSpec:
    """Return what the stream of a generator's row runs."""
    return StreamSpec(
        stream_id=row.id,
        generator_id=row.id,
        user_id=None if row.user_id is None else UserId(row.user_id),
        kind=row.kind,
        config=row.config,
        symbols=tuple(dict.fromkeys(map(stored_symbol, row.symbols))),
        timeframe=Timeframe(row.timeframe),
        facts={"generator_id": str(row.id), "generator": row.name},
    )
