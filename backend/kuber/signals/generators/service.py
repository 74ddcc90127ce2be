"""Signal generators: what users do with theirs, trying settings out, and looking back."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import Clock
from kuber.kernel.errors import KuberError, Problem
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import MarketError
from kuber.market.types import Bars, MarketData, Timeframe
from kuber.signals.generators.base import Emission, SignalGenerator, bars_of
from kuber.signals.generators.errors import (
    DetectorFailed,
    GeneratorError,
    GeneratorNotFound,
    PlatformGenerator,
    TooManyGenerators,
)
from kuber.signals.generators.feed import Watched
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
from kuber.signals.models import GeneratorCursorRow, GeneratorRow

CHECKED_BARS = 1000
SHOWN = 50
MAX_HISTORY_BARS = 100_000
"""How many bars of all symbols together are looked back at; it then begins later."""


class GeneratorService:
    """What can be done with generators; a user sees the platform's and their own."""

    def __init__(self, registry: GeneratorRegistry, market: MarketData, clock: Clock) -> None:
        self._registry = registry
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
        """Store a generator of the user; it begins with the next bar that closes after that.

        Raises TooManyGenerators, UnknownGenerator, GeneratorUnavailable, GeneratorError.
        """
        await self._require_usable(user_id, body)
        await session.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"kuber.generators.{user_id}"},
        )
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
        session.add(row)
        await session.flush()
        return self._out(row)

    async def update(
        self, session: AsyncSession, user_id: UserId, generator_id: UUID, body: GeneratorBody
    ) -> GeneratorOut:
        """Change a generator of the user.

        Series that it followed before go on where they were; new ones, and all of a generator
        that was switched off, begin with the next bar. Raises as `create`, PlatformGenerator.
        """
        row = await self._own_row(session, user_id, generator_id)
        await self._require_usable(user_id, body)
        _fill(row, body)
        row.updated_at, row.failure = self._clock.now(), None
        kept = GeneratorCursorRow.symbol.in_(body.symbols if body.enabled else ())
        same = GeneratorCursorRow.timeframe == body.timeframe.value
        await session.execute(
            delete(GeneratorCursorRow).where(
                GeneratorCursorRow.stream_id == generator_id, ~(kept & same)
            )
        )
        await session.flush()
        return self._out(row)

    async def delete(self, session: AsyncSession, user_id: UserId, generator_id: UUID) -> None:
        """Delete a generator of the user; raises GeneratorNotFound, PlatformGenerator."""
        await session.delete(await self._own_row(session, user_id, generator_id))

    async def check(self, user_id: UserId, body: GeneratorCheck) -> GeneratorVerdict:
        """Try settings on the newest bars; never raises for what is wrong with them."""
        try:
            generator = self._registry.make(body.kind, body.config)
            bars = await self._market.bars(
                user_id,
                body.symbol,
                body.timeframe,
                self._clock.now(),
                generator.warm_up + CHECKED_BARS,
            )
        except (GeneratorError, MarketError) as error:
            return GeneratorVerdict(problems=_problems(error), recent=[], bars=0)
        try:
            found = await asyncio.to_thread(_look_back, generator, bars)
        except DetectorFailed as error:
            return GeneratorVerdict(problems=[_failure(error)], recent=[], bars=len(bars))
        return GeneratorVerdict(
            problems=[],
            recent=[_emission_out(one) for one in reversed(found[-SHOWN:])],
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
        generator = self._registry.make(kind, config)
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
                emissions = await asyncio.to_thread(_look_back, generator, bars)
            except DetectorFailed as error:
                raise GeneratorError(f"The generator failed on {error}") from error
            found += [one for one in emissions if start < one.closed_at <= end]
        return sorted(found, key=lambda one: (one.closed_at, one.ticker))

    async def _require_usable(self, user_id: UserId, body: GeneratorBody) -> None:
        try:
            self._registry.make(body.kind, body.config)
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
        signal_type, unavailable = "", row.failure
        try:
            generator = self._registry.get(row.kind)
            signal_type = generator.metadata.signal_type
            self._registry.make(row.kind, row.config)
        except GeneratorError as error:
            unavailable = " ".join([error.detail, *(one.message for one in error.problems)])
        return GeneratorOut(
            id=row.id,
            name=row.name,
            kind=row.kind,
            config=row.config,
            symbols=row.symbols,
            timeframe=Timeframe(row.timeframe),
            enabled=row.enabled,
            own=row.user_id is not None,
            signal_type=signal_type,
            unavailable=unavailable,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _seen_by(user_id: UserId) -> ColumnElement[bool]:
    return or_(GeneratorRow.user_id == user_id, GeneratorRow.user_id.is_(None))


def _fill(row: GeneratorRow, body: GeneratorBody) -> None:
    row.name, row.kind, row.config = body.name, body.kind, body.config
    row.symbols, row.timeframe = list(body.symbols), body.timeframe.value
    row.enabled = body.enabled


def _look_back(generator: SignalGenerator[Any], bars: Bars) -> list[Emission]:
    """Return everything that a fresh detector finds on `bars`; raises DetectorFailed."""
    watched = Watched(generator, bars.symbol)
    return [found for bar in bars_of(bars) if (found := watched.on_bar(bar)) is not None]


def _failure(error: DetectorFailed) -> SettingProblem:
    return SettingProblem(
        field=None,
        message=f"The generator failed on {error}",
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
