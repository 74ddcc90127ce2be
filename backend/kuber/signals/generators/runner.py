"""Runs the generators that are switched on, sharing them with other instances."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import Database, JsonObject
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.types import MarketData, Timeframe
from kuber.signals.generators.errors import DetectorFailed, GeneratorError
from kuber.signals.generators.feed import silent_until
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.streams import BarReader, Overtaken, SignalStream, StreamSpec
from kuber.signals.models import GeneratorRow

LEASE_S = 30.0
CLAIM_EVERY_S = 3.0
CAPACITY = 500
"""How many generators one instance runs; what is above it is left to other instances."""
_REST_AFTER_FAILURE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


class _Claimed:
    """One generator that this instance runs, as its row was when it was claimed."""

    def __init__(self, row: GeneratorRow, stream: SignalStream) -> None:
        self.updated_at = row.updated_at
        self.stream = stream
        self.opened = False
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
        self._lease = timedelta(seconds=lease_s)
        self._claim_every_s = claim_every_s
        self._claimed: dict[UUID, _Claimed] = {}
        self._claimed_at_s: float | None = None
        self._announced = 0
        self._unfit: dict[UUID, str] = {}

    def status(self) -> JsonObject:
        """Return a few figures for people."""
        without_bars = {
            f"{claimed.stream.spec.kind} {symbol}": reason
            for claimed in self._claimed.values()
            for symbol, reason in claimed.stream.problems.items()
        }
        return {
            "generators": len(self._claimed),
            "signals": self._announced,
            "without_bars": dict(sorted(without_bars.items())[:20]),
        }

    async def run_once(self) -> int:
        """Look at what has closed since the last time; return how many signals were announced."""
        await self._claim_when_due()
        reader, announced = BarReader(self._market), 0
        for generator_id in list(self._claimed):
            claimed = self._claimed.get(generator_id)
            if claimed is not None:
                announced += await self._advance(generator_id, claimed, reader)
            await self._claim_when_due()  # a slow provider must not cost the lease
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

    async def _claim_when_due(self) -> None:
        last_s = self._claimed_at_s
        if last_s is None or monotonic() - last_s >= self._claim_every_s:
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
            held = {row.id: row for row in wanted}
            await session.execute(
                update(GeneratorRow)
                .where(GeneratorRow.id.in_(held))
                .values(leased_by=self._instance, leased_until=func.now() + self._lease)
                .execution_options(synchronize_session=False)
            )
        self._claimed_at_s = began_s
        self._claimed = {
            generator_id: claimed
            for generator_id, row in held.items()
            if (claimed := self._kept(row) or self._fresh(row)) is not None
        }

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

    def _fresh(self, row: GeneratorRow) -> _Claimed | None:
        try:
            generator = self._registry.make(row.kind, row.config)
        except GeneratorError as error:
            self._report(row, error)
            return None
        self._unfit.pop(row.id, None)
        stream = SignalStream(spec_of(row), generator, self._database, self._clock)
        return _Claimed(row, stream)

    def _report(self, row: GeneratorRow, error: GeneratorError) -> None:
        reason = " ".join([error.detail, *(problem.message for problem in error.problems)])
        if self._unfit.get(row.id) != reason:
            log.warning(
                "generator_cannot_run",
                generator_id=str(row.id),
                generator=row.kind,
                reason=reason,
            )
        self._unfit[row.id] = reason

    async def _advance(self, generator_id: UUID, claimed: _Claimed, reader: BarReader) -> int:
        now = self._clock.now()
        if claimed.due_at is not None and now < claimed.due_at:
            return 0
        stream = claimed.stream
        try:
            if not claimed.opened:
                await stream.open(now)
                claimed.opened = True
            guard = partial(self._still_mine, generator_id, claimed.updated_at)
            announced = await stream.advance(reader, guard)
        except (Overtaken, IntegrityError):  # somebody else runs it, or it was just deleted
            self._claimed.pop(generator_id, None)
            return 0
        except DetectorFailed as error:
            log.exception("generator_failed", generator_id=str(generator_id), reason=str(error))
            claimed.opened, claimed.due_at = False, now + _REST_AFTER_FAILURE
            return 0
        rest = timedelta(0) if stream.behind else silent_until(stream.spec.timeframe.span)
        claimed.due_at = now + rest
        return announced

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


def spec_of(row: GeneratorRow) -> StreamSpec:
    """Return what the stream of a generator's row runs."""
    return StreamSpec(
        stream_id=row.id,
        generator_id=row.id,
        user_id=None if row.user_id is None else UserId(row.user_id),
        kind=row.kind,
        config=row.config,
        symbols=tuple(row.symbols),
        timeframe=Timeframe(row.timeframe),
        facts={"generator_id": str(row.id), "generator": row.name},
    )
