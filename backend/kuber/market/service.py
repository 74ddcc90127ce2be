"""Market data for the other packages: one view over imports, sample and provider."""

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ImportTooLarge, UnknownSymbol
from kuber.market.instruments import canonical_symbol
from kuber.market.models import BarImport
from kuber.market.providers.lookup import look_up
from kuber.market.providers.port import BarProvider
from kuber.market.providers.stored import StoredBars
from kuber.market.repository import add_import
from kuber.market.series import RawBars
from kuber.market.types import (
    Bars,
    Instrument,
    Instruments,
    Source,
    Timeframe,
    to_datetime,
    to_datetime64,
)

MAX_IMPORT_BYTES = 10_000_000
MAX_BARS = 10_000


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import stored: `first_at` opens the oldest bar, `last_at` closes the newest."""

    symbols: tuple[str, ...]
    bars: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """Which provider stands behind imports and sample; shown to people."""

    provider: str
    simulated: bool
    note: str


class MarketService:
    """Answers every question about prices, and takes imports; implements `MarketData`.

    A symbol is looked up in this order: the user's own imports, the platform's sample, the
    provider. The first that knows it gives all its timeframes. Nothing later than the clock's now
    is ever given, so a clock that stands in the past replays history.
    """

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        provider: BarProvider,
        *,
        max_import_bytes: int = MAX_IMPORT_BYTES,
    ) -> None:
        self._clock = clock
        self._stored = StoredBars(pool)
        self._provider = provider
        self._providers: tuple[BarProvider, ...] = (self._stored, provider)
        self._max_import_bytes = max_import_bytes

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument:
        """Return the instrument as the user sees it now, any import until now included.

        Begin every run with it: later `bars` may use its answer for a second.
        Raises UnknownSymbol, ProviderUnavailable.
        """
        plain = _canonical(symbol)
        for provider in self._providers:
            found = await provider.instrument(user_id, plain)
            if found is not None:
                return found
        raise _unknown(plain)

    async def instruments(self, wanted: Collection[tuple[UserId, str]]) -> Instruments:
        """Return the instruments of many users and symbols at once.

        Unknown ones are left out; those that the provider cannot tell about now are named with
        the reason, so that one symbol never fails the others.
        """
        stored = await self._stored.instruments(wanted) if wanted else {}
        asked = await look_up(self._provider, set(wanted) - stored.keys())
        return Instruments({**stored, **asked.found}, asked.unavailable)

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars:
        """Return the `count` newest bars closed by `as_of` (and by now), oldest first.

        See `MarketData.bars`. The arrays are shared: they cannot be written to.
        """
        plain = _canonical(symbol)
        instant = min(as_of, self._clock.now())
        for provider in self._providers:
            found = await provider.bars(user_id, plain, timeframe, instant, max(count, 0))
            if found is not None:
                return found
        raise _unknown(plain)

    async def get_bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 500,
    ) -> Bars:
        """Return bars for a chart: opened at or after `start`, closed by `end`, the newest `limit`.

        Without `end` the newest bars there are. Prices are adjusted for splits up to `end`, so a
        chart that ends where a run began shows what the run saw. Raises as `bars`.
        """
        await self.instrument(user_id, symbol)
        until = self._clock.now() if end is None else end
        found = await self.bars(user_id, symbol, timeframe, until, min(limit, MAX_BARS))
        if start is None:
            return found
        first = int(found.opened_at.searchsorted(to_datetime64(start), side="left"))
        return found.window(first, len(found))

    async def symbols(self, user_id: UserId, query: str = "") -> list[Instrument]:
        """Return the instruments whose symbol or name contains `query`: stored first, by symbol."""
        wanted = query.strip().upper()
        found: dict[str, Instrument] = {}
        for provider in self._providers:
            for instrument in await provider.search(user_id, wanted):
                found.setdefault(instrument.symbol, instrument)
        return list(found.values())

    async def stored(self, user_id: UserId) -> list[Instrument]:
        """Return the instruments with stored bars that the user sees: imports and sample."""
        return await self._stored.search(user_id, "")

    async def default_now(self, user_id: UserId, symbol: str) -> datetime:
        """Return the natural `as_of` of a run: the close of the last stored bar, else now.

        Never later than now. Raises UnknownSymbol, ProviderUnavailable.
        """
        now = self._clock.now()
        last_at = (await self.instrument(user_id, symbol)).last_at
        return now if last_at is None else min(last_at, now)

    async def import_file(
        self,
        session: AsyncSession,
        user_id: UserId,
        filename: str,
        content: bytes,
        *,
        timeframe: Timeframe,
        timezone: str | None = None,
    ) -> ImportResult:
        """Store the bars of an uploaded CSV or Parquet file for one user, all or none.

        `filename` is a label and never opened. A bar that the user has already is replaced.
        Raises ImportRefused naming lines and remedies, ImportTooLarge.
        """
        if len(content) > self._max_import_bytes:
            limit_mb = self._max_import_bytes // 1_000_000
            raise ImportTooLarge(f"The file is larger than {limit_mb} MB: split it by symbol.")
        label = PurePath(filename.replace("\\", "/")).name[:200]
        from kuber.market.importing.parser import parse_bars  # brings polars, 40 MB

        series = await asyncio.to_thread(
            parse_bars, label, content, timeframe, timezone, Source.IMPORTED
        )
        record = import_record(user_id, label, content, series, self._clock.now())
        record.timezone = timezone
        await add_import(session, record, series)
        event.listen(
            session.sync_session,
            "after_commit",
            lambda _: self._stored.forget(user_id),
            once=True,
        )
        return ImportResult(
            tuple(record.symbols), record.bar_count, record.first_at, record.last_at
        )

    def status(self) -> MarketStatus:
        """Return which provider serves the symbols that nobody stored."""
        source = self._provider.source or Source.IMPORTED
        simulated = source is Source.SIMULATED
        note = (
            "Prices are simulated, except for the sample and your imports."
            if simulated
            else "Prices come from Alpaca, except for the sample and your imports."
        )
        return MarketStatus(source.value, simulated, note)


def import_record(
    user_id: UserId | None, filename: str, content: bytes, series: list[RawBars], now: datetime
) -> BarImport:
    """Return the row that describes an import of `series`."""
    bars = [one.bars for one in series]
    return BarImport(
        id=new_id(),
        user_id=user_id,
        source=bars[0].source.value,
        filename=filename,
        sha256=hashlib.sha256(content).hexdigest(),
        timeframe=bars[0].timeframe.value,
        timezone=None,
        symbols=[one.symbol for one in bars],
        bar_count=sum(map(len, bars)),
        first_at=to_datetime(min(one.opened_at[0] for one in bars)),
        last_at=to_datetime(max(one.closed_at[-1] for one in bars)),
        created_at=now,
    )


def _canonical(symbol: str) -> str:
    try:
        return canonical_symbol(symbol)
    except ValueError as error:
        raise UnknownSymbol(f"{error}.") from error


def _unknown(symbol: str) -> UnknownSymbol:
    return UnknownSymbol(
        f"There are no prices for {symbol}. Choose another symbol, or import its bars."
    )
