"""Streams: the series of one generator, their cursors, and announcing what is found on them."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import structlog
from pydantic import JsonValue
from sqlalchemy import Select, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import Database
from kuber.infra.outbox import announce
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.errors import MarketError
from kuber.market.types import MarketData, Timeframe
from kuber.signals.events import SignalRaised
from kuber.signals.generators.base import Emission, SignalGenerator
from kuber.signals.generators.feed import Breathe, Progress, SeriesFeed, only_breathe
from kuber.signals.models import GeneratorCursorRow

MOST_S = 2.0
"""How long a stream may look before others have their turn; what is left waits for the next."""
PLATFORM = UserId(UUID(int=0))
"""Asks for bars as somebody who has imported none."""

_SIGNALS = UUID("0d0a7f0e-7a5c-5e0b-9c7b-2f6a4d1c8e55")
_MOVE = text("""
    update generator_cursors as stored set closed_at = given.new
    from unnest(cast(:symbols as text[]), cast(:old as timestamptz[]), cast(:new as timestamptz[]))
      as given (symbol, old, new)
    where stored.stream_id = :stream_id and stored.timeframe = :timeframe
      and stored.symbol = given.symbol and stored.closed_at = given.old
    returning stored.symbol
""")

log = structlog.get_logger(__name__)

Guard = Callable[[AsyncSession], Awaitable[bool]]
"""Says within the transaction whether the stream may still be advanced."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What one stream runs. `user_id` None is the platform; a replay has no `generator_id`."""

    stream_id: UUID
    generator_id: UUID | None
    user_id: UserId | None
    kind: str
    config: Mapping[str, JsonValue]
    symbols: tuple[str, ...]
    timeframe: Timeframe
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    """Added to the metadata of its signals."""


class Overtaken(Exception):
    """Somebody else has advanced the stream; nothing was written."""


class SignalStream:
    """One generator at work on its series. Advances its cursors and announces in one transaction.

    Bars are read and looked at outside the transaction; inside, each cursor moves only from where
    this stream believed it to be. So of two that advance the same stream one writes, and a process
    that dies in between has written nothing: whoever goes on begins at the cursor.
    """

    def __init__(
        self,
        spec: StreamSpec,
        generator: SignalGenerator[Any],
        database: Database,
        clock: Clock,
        breathe: Breathe = only_breathe,
        most_s: float = MOST_S,
    ) -> None:
        self.spec = spec
        self._breathe = breathe
        self._most_s = most_s
        self._turn = 0
        self._generator = generator
        self._database = database
        self._clock = clock
        self._feeds: dict[str, SeriesFeed] = {}
        self._cursors: dict[str, datetime] = {}
        self._complaints: dict[str, str] = {}
        self.behind = False
        """Whether more bars may be waiting than were looked at the last time."""

    @property
    def problems(self) -> Mapping[str, str]:
        """Symbols that cannot be followed now, and why."""
        return self._complaints

    async def open(self, begin_at: datetime) -> None:
        """Read the cursors; a series that has none begins at `begin_at`."""
        self._feeds.clear()
        async with self._database.transaction() as session:
            await session.execute(
                insert(GeneratorCursorRow)
                .values([self._cursor_values(symbol, begin_at) for symbol in self.spec.symbols])
                .on_conflict_do_nothing()
            )
            rows = await session.scalars(self._own_cursors())
            self._cursors = {row.symbol: row.closed_at for row in rows}

    @property
    def cursor(self) -> datetime:
        """Return up to where every series has been looked at."""
        return min(self._cursors[symbol] for symbol in self.spec.symbols)

    async def advance(self, market: MarketData, guard: Guard | None = None) -> int:
        """Look at the bars that closed since; return how many signals were announced.

        When it takes long, what is left waits for the next call, and the stream is `behind`.
        Raises Overtaken, DetectorFailed; the stream must then be opened again.
        """
        now, began_s = self._clock.now(), monotonic()
        moved: dict[str, Progress] = {}
        self.behind = False
        for _ in self.spec.symbols:
            symbol = self._next_symbol()
            cursor = self._cursors[symbol]
            if cursor < now and (progress := await self._look(market, symbol, cursor, now)):
                moved[symbol] = progress
                self.behind |= progress.behind
            await self._breathe()
            if monotonic() - began_s > self._most_s:
                self.behind = True
                break
        if not moved:
            return 0
        try:
            announced = await self._commit(moved, guard)
        except BaseException:
            self._feeds.clear()
            raise
        self._cursors |= {symbol: progress.cursor for symbol, progress in moved.items()}
        return announced

    def _next_symbol(self) -> str:
        """Return each symbol in turn, so that the last ones are not always those left over."""
        symbol = self.spec.symbols[self._turn % len(self.spec.symbols)]
        self._turn += 1
        return symbol

    async def close(self) -> None:
        """Forget the cursors: the stream has come to its end."""
        async with self._database.transaction() as session:
            await session.execute(
                delete(GeneratorCursorRow).where(
                    GeneratorCursorRow.stream_id == self.spec.stream_id
                )
            )

    async def _look(
        self, market: MarketData, symbol: str, cursor: datetime, now: datetime
    ) -> Progress | None:
        """Return the progress of one series; None when there is none, or no bars to be had."""
        feed = self._feeds.get(symbol) or SeriesFeed(
            self._generator, symbol, self.spec.timeframe, self._breathe
        )
        self._feeds[symbol] = feed
        # Nothing is kept of what was read but the last bar: what the market keeps is bounded.
        asker = self.spec.user_id or PLATFORM
        read = partial(market.bars, asker, symbol, self.spec.timeframe)
        try:
            progress = await feed.advance(read, cursor, now)
        except MarketError as error:
            del self._feeds[symbol]
            self._complain(symbol, error.detail)
            return None
        self._complaints.pop(symbol, None)
        return progress if progress.cursor > cursor else None

    def _complain(self, symbol: str, reason: str) -> None:
        if self._complaints.get(symbol) != reason:
            log.warning(
                "generator_without_bars",
                generator=self.spec.kind,
                stream_id=str(self.spec.stream_id),
                symbol=symbol,
                reason=reason,
            )
        self._complaints[symbol] = reason

    async def _commit(self, moved: Mapping[str, Progress], guard: Guard | None) -> int:
        events = self._events(
            emission for progress in moved.values() for emission in progress.emissions
        )
        async with self._database.transaction() as session:
            if guard is not None and not await guard(session):
                raise Overtaken
            await self._move(session, moved)
            await announce(session, events)
        for event in events:
            log.info(
                "signal_raised",
                signal_id=str(event.signal_id),
                generator=self.spec.kind,
                ticker=event.key(),
            )
        return len(events)

    async def _move(self, session: AsyncSession, moved: Mapping[str, Progress]) -> None:
        """Move the cursors from where they are believed to be; raises Overtaken."""
        symbols = sorted(moved)
        found = await session.execute(
            _MOVE,
            {
                "stream_id": self.spec.stream_id,
                "timeframe": self.spec.timeframe.value,
                "symbols": symbols,
                "old": [self._cursors[symbol] for symbol in symbols],
                "new": [moved[symbol].cursor for symbol in symbols],
            },
        )
        if len(found.all()) != len(symbols):
            raise Overtaken

    def _events(self, emissions: Iterable[Emission]) -> list[SignalRaised]:
        """Return the events in the order in which things happened."""
        ordered = sorted(emissions, key=lambda one: (one.closed_at, one.ticker))
        return [self._event(emission) for emission in ordered]

    def _event(self, emission: Emission) -> SignalRaised:
        signal_type = self._generator.metadata.signal_type
        signal_id = signal_id_of(self.spec, self._generator, emission)
        return SignalRaised(
            occurred_at=self._clock.now(),
            correlation_id=str(signal_id),
            signal_id=signal_id,
            timestamp=emission.closed_at.timestamp(),
            source=self.spec.kind,
            signal_type=signal_type,
            tickers=(
                {
                    "ticker": emission.ticker,
                    "signal": emission.direction.value,
                    "confidence": emission.confidence,
                },
            ),
            metadata={
                **emission.metadata,
                "timeframe": self.spec.timeframe.value,
                "bar_closed_at": emission.closed_at.isoformat(),
                **self.spec.facts,
            },
            user_id=self.spec.user_id,
        )

    def _own_cursors(self) -> Select[GeneratorCursorRow]:
        return select(GeneratorCursorRow).where(
            GeneratorCursorRow.stream_id == self.spec.stream_id,
            GeneratorCursorRow.timeframe == self.spec.timeframe.value,
        )

    def _cursor_values(self, symbol: str, begin_at: datetime) -> dict[str, object]:
        return {
            "stream_id": self.spec.stream_id,
            "symbol": symbol,
            "timeframe": self.spec.timeframe.value,
            "generator_id": self.spec.generator_id,
            "closed_at": begin_at,
        }


def signal_id_of(spec: StreamSpec, generator: SignalGenerator[Any], emission: Emission) -> UUID:
    """Return the id that the same find always has, whoever makes it and however often.

    It is made of the owner, the kind and all settings of the generator, the signal type, the
    ticker, the timeframe and the close of the bar; consumers drop an id that they have seen.
    """
    parts = (
        spec.user_id or "platform",
        generator.metadata.kind,
        json.dumps(generator.config.model_dump(mode="json"), sort_keys=True),
        generator.metadata.signal_type,
        emission.ticker,
        spec.timeframe.value,
        emission.closed_at.isoformat(),
    )
    return uuid5(_SIGNALS, "/".join(map(str, parts)))
