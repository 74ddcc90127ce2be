"""Signal generators: what users do with theirs, trying settings out, and looking back."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.types import AuditEventType
from kuber.identity.limits import one_at_a_time
from kuber.infra.children import ChildPool
from kuber.kernel.clock import Clock
from kuber.kernel.errors import KuberError, Problem
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import MarketError
from kuber.market.types import MarketData, Timeframe
from kuber.signals.generators.base import Emission
from kuber.signals.generators.checks import GeneratorChecks
from kuber.signals.generators.errors import (
    DetectorFailed,
    GeneratorError,
    GeneratorNotFound,
    PlatformGenerator,
    TooManyGenerators,
)
from kuber.signals.generators.on_record import record
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.schemas import (
    MAX_PER_USER,
    EmissionOut,
    GeneratorBody,
    GeneratorCheck,
    GeneratorKindList,
    GeneratorList,
    GeneratorOut,
    GeneratorVerdict,
    SettingProblem,
)
from kuber.signals.generators.trial import look_back
from kuber.signals.models import GeneratorCursorRow, GeneratorRow

CHECKED_BARS = 1000
SHOWN = 50
MAX_HISTORY_BARS = 100_000
"""How many bars of all symbols together are looked back at; it then begins later."""


class GeneratorService:
    """What can be done with generators; a user sees the platform's and their own.

    Settings are examined and tried out in a child of `pool`, without one in a thread.
    """

    def __init__(
        self,
        registry: GeneratorRegistry,
        market: MarketData,
        clock: Clock,
        pool: ChildPool | None = None,
    ) -> None:
        self._registry = registry
        self.checks = GeneratorChecks(registry, pool)
        self._market = market
        self._clock = clock

    def kinds(self) -> GeneratorKindList:
        """Return the installed kinds with the forms of their settings."""
        return GeneratorKindList(items=list(self._registry.catalogue()), next_cursor=None)

    async def page(self, session: AsyncSession, user_id: UserId) -> GeneratorList:
        """Return the platform's generators and the user's, in the order of their making."""
        rows = await session.scalars(
            select(GeneratorRow)
            .where(_seen_by(user_id))
            .order_by(GeneratorRow.user_id.is_not(None), GeneratorRow.created_at, GeneratorRow.id)
        )
        return GeneratorList(items=[self._out(row) for row in rows], next_cursor=None)

    async def get(self, session: AsyncSession, user_id: UserId, generator_id: UUID) -> GeneratorOut:
        """Return one generator; raises GeneratorNotFound."""
        return self._out(await self._row(session, user_id, generator_id))

    async def create(
        self, session: AsyncSession, user_id: UserId, body: GeneratorBody
    ) -> GeneratorOut:
        """Store a generator of the user that `require_usable` has just passed.

        It begins with the next bar that closes after that. Raises TooManyGenerators.
        """
        await one_at_a_time(session, user_id, "generators")
        count = await session.scalar(
            select(func.count()).select_from(GeneratorRow).where(GeneratorRow.user_id == user_id)
        )
        if (count or 0) >= MAX_PER_USER:
            raise TooManyGenerators(
                f"You have {count} signal generators, the limit is {MAX_PER_USER}.",
                [Problem("The limit is reached.", "Delete one that you no longer need.")],
            )
        now = self._clock.now()
        row = GeneratorRow(id=new_id(), user_id=user_id, created_at=now, updated_at=now)
        _fill(row, body)
        self.checks.passed(row)
        session.add(row)
        await session.flush()
        await record(session, self._clock, AuditEventType.GENERATOR_CREATED, row)
        return self._out(row)

    async def update(
        self, session: AsyncSession, user_id: UserId, generator_id: UUID, body: GeneratorBody
    ) -> GeneratorOut:
        """Change a generator of the user to what `require_usable` has just passed.

        Series that it followed before go on where they were; new ones, and all of a generator
        that was switched off, begin with the next bar. Raises GeneratorNotFound,
        PlatformGenerator.
        """
        row = await self._own_row(session, user_id, generator_id)
        _fill(row, body)
        self.checks.passed(row)
        row.updated_at, row.failure = self._clock.now(), None
        kept = GeneratorCursorRow.symbol.in_(body.symbols if body.enabled else ())
        same = GeneratorCursorRow.timeframe == body.timeframe.value
        await session.execute(
            delete(GeneratorCursorRow).where(
                GeneratorCursorRow.stream_id == generator_id, ~(kept & same)
            )
        )
        await session.flush()
        await record(session, self._clock, AuditEventType.GENERATOR_CHANGED, row)
        return self._out(row)

    async def delete(self, session: AsyncSession, user_id: UserId, generator_id: UUID) -> None:
        """Delete a generator of the user; raises GeneratorNotFound, PlatformGenerator."""
        row = await self._own_row(session, user_id, generator_id)
        await record(session, self._clock, AuditEventType.GENERATOR_DELETED, row)
        await session.delete(row)

    async def check(self, user_id: UserId, body: GeneratorCheck) -> GeneratorVerdict:
        """Try settings on the newest bars; never raises for what is wrong with them."""
        try:
            warm_up = await self.checks.warm_up(body.kind, body.config, str(user_id))
            ends = (await self._market.instrument(user_id, body.symbol)).last_at
            now = self._clock.now()
            until = now if ends is None else min(ends, now)
            bars = await self._market.bars(
                user_id, body.symbol, body.timeframe, until, warm_up + CHECKED_BARS
            )
            trial = await self.checks.try_out(body.kind, body.config, bars, SHOWN, str(user_id))
        except (GeneratorError, MarketError) as error:
            return GeneratorVerdict(problems=_problems(error), recent=[], bars=0)
        return GeneratorVerdict(
            problems=[] if trial.failure is None else [_failure(trial.failure)],
            recent=[_emission_out(one) for one in reversed(trial.found)],
            bars=len(bars),
        )

    async def history(
        self,
        user_id: UserId,
        kind: str,
        config: Mapping[str, JsonValue],
        symbols: Sequence[str],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> list[Emission]:
        """Return what the generator would have sent on bars that closed in (start, end].

        By time, then ticker; symbols without such bars give nothing, and a stretch of more than
        100,000 bars of all symbols is cut at its beginning. Prices are adjusted for the splits up
        to `end`, so only absolute price levels may differ from what was sent then.
        Raises UnknownGenerator, GeneratorUnavailable, GeneratorError, also when its code fails.
        """
        generator = await asyncio.to_thread(self._registry.make, kind, config)
        span_bars = max(0, ceil((end - start) / timeframe.span)) + 3
        most = MAX_HISTORY_BARS // max(1, len(symbols))
        count = generator.warm_up + min(span_bars, most)
        found: list[Emission] = []
        for symbol in symbols:
            try:
                bars = await self._market.bars(user_id, symbol, timeframe, end, count)
            except MarketError:
                continue
            try:
                emissions = await asyncio.to_thread(look_back, generator, bars)
            except DetectorFailed as error:
                raise GeneratorError(f"The generator failed on {error}") from error
            found += [one for one in emissions if start < one.closed_at <= end]
        return sorted(found, key=lambda one: (one.closed_at, one.ticker))

    async def require_usable(self, user_id: UserId, body: GeneratorBody) -> None:
        """Ask before a transaction whether a generator can work: the provider may take its time.

        Raises UnknownGenerator, GeneratorUnavailable, GeneratorError, and the pool's errors.
        """
        try:
            await self.checks.warm_up(body.kind, body.config, str(user_id))
        except GeneratorError as error:
            raise _in_body(error) from error
        problems = []
        for at, symbol in enumerate(body.symbols):
            try:
                instrument = await self._market.instrument(user_id, symbol)
            except MarketError as error:
                problems.append(
                    Problem(error.detail, "Choose another symbol.", field=f"symbols.{at}")
                )
                continue
            if body.timeframe not in instrument.timeframes:
                known = ", ".join(instrument.timeframes)
                problems.append(
                    Problem(
                        f"{symbol} has no {body.timeframe} bars.",
                        f"Choose one of {known}, or leave the symbol out.",
                        field="timeframe",
                    )
                )
        if problems:
            raise GeneratorError("The generator cannot follow all of these symbols.", problems)

    async def _own_row(
        self, session: AsyncSession, user_id: UserId, generator_id: UUID
    ) -> GeneratorRow:
        row = await self._row(session, user_id, generator_id, lock=True)
        if row.user_id is None:
            raise PlatformGenerator(
                "This generator belongs to the platform and is the same for everybody.",
                [Problem("It is not yours.", "Create one of your own with its settings.")],
            )
        return row

    async def _row(
        self, session: AsyncSession, user_id: UserId, generator_id: UUID, *, lock: bool = False
    ) -> GeneratorRow:
        statement = select(GeneratorRow).where(GeneratorRow.id == generator_id, _seen_by(user_id))
        row = await session.scalar(statement.with_for_update() if lock else statement)
        if row is None:
            raise GeneratorNotFound("There is no such signal generator.")
        return row

    def _out(self, row: GeneratorRow) -> GeneratorOut:
        """Return what is stored of a generator: whoever lists many examines none."""
        return GeneratorOut(
            id=row.id,
            name=row.name,
            kind=row.kind,
            config=row.config,
            symbols=row.symbols,
            timeframe=Timeframe(row.timeframe),
            enabled=row.enabled,
            own=row.user_id is not None,
            signal_type=self._registry.signal_type_of(row.kind),
            unavailable=self.checks.stored_problem(row) or row.failure,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _seen_by(user_id: UserId) -> ColumnElement[bool]:
    return or_(GeneratorRow.user_id == user_id, GeneratorRow.user_id.is_(None))


def _fill(row: GeneratorRow, body: GeneratorBody) -> None:
    row.name, row.kind, row.config = body.name, body.kind, body.config
    row.symbols, row.timeframe = list(body.symbols), body.timeframe.value
    row.enabled = body.enabled


def _failure(message: str) -> SettingProblem:
    return SettingProblem(
        field=None,
        message=message,
        remedy="Choose other settings, or tell the makers of this generator.",
    )


def _in_body(error: GeneratorError) -> GeneratorError:
    """Return the same error with the fields of settings named as in the request."""
    problems = [
        Problem(
            one.message,
            one.remedy,
            field=one.field if one.field in (None, "kind") else f"config.{one.field}",
            code=one.code,
        )
        for one in error.problems
    ]
    return type(error)(error.detail, problems)


def _problems(error: KuberError) -> list[SettingProblem]:
    if isinstance(error, GeneratorError) and error.problems:
        return [
            SettingProblem(field=one.field, message=one.message, remedy=one.remedy)
            for one in _in_body(error).problems
        ]
    return [
        SettingProblem(
            field="symbol", message=error.detail, remedy="Choose another symbol or timeframe."
        )
    ]


def _emission_out(emission: Emission) -> EmissionOut:
    return EmissionOut(
        at=emission.closed_at,
        signal=emission.direction,
        confidence=emission.confidence,
        metadata=dict(emission.metadata),
    )
