"""Market data for the other packages: one view over imports, sample and provider."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import PurePath

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.children import ChildDied, ChildPool, ChildTimedOut
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import (
    DatabaseSlow,
    ImportRefused,
    ImportTooLarge,
    NotImported,
    UnknownSymbol,
)
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.job import read_upload
from kuber.market.importing.notes import Note
from kuber.market.importing.pace import Pace
from kuber.market.models import BarImport
from kuber.market.providers.lookup import look_up
from kuber.market.providers.port import BarProvider, ListingProvider
from kuber.market.providers.stored import StoredBars
from kuber.market.quotas import imported_symbols, require_symbol_room
from kuber.market.repository import add_import, delete_bars, stage_rows
from kuber.market.symbols import canonical_symbol
from kuber.market.types import (
    Bars,
    Instrument,
    InstrumentPage,
    Instruments,
    Source,
    Timeframe,
    to_datetime64,
)

MAX_IMPORT_BYTES = 10_000_000
MAX_BARS = 10_000
_SLOW_RETRY_S = 30
_STORED, _PROVIDED = "stored", "provided"
"""The two parts of the list of instruments, as cursors name them."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import stored: `first_at` opens the oldest bar, `last_at` closes the newest."""

    symbols: tuple[str, ...]
    bars: int
    first_at: datetime
    last_at: datetime
    notes: tuple[Note, ...]
    """Every guess that was made, and what was left out or mended."""


class MarketService:
    """Answers every question about prices, and takes imports; implements `MarketData`.

    A symbol is looked up in this order: the user's own imports, the platform's sample, the
    provider. The first that knows it gives all its timeframes. Nothing later than the clock's now
    is ever given, so a clock that stands in the past replays history. `imports` reads uploaded
    files; a process without it takes none.
    """

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        provider: ListingProvider,
        *,
        imports: ChildPool | None = None,
        max_import_bytes: int = MAX_IMPORT_BYTES,
    ) -> None:
        self._imports = imports
        self._clock = clock
        self._stored = StoredBars(pool)
        self._provider = provider
        self._providers: tuple[BarProvider, ...] = (self._stored, provider)
        self._max_import_bytes = max_import_bytes

    @property
    def asks_others(self) -> bool:
        """Whether a symbol that is stored nowhere is asked of somebody else's server."""
        return self._provider.source is not Source.SIMULATED

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
        count = min(limit, MAX_BARS)
        if start is not None:
            count = min(count, _most_between(timeframe, start, until))
        found = await self.bars(user_id, symbol, timeframe, until, count)
        if start is None:
            return found
        first = int(found.opened_at.searchsorted(to_datetime64(start), side="left"))
        return found.window(first, len(found))

    async def symbols(
        self, user_id: UserId, query: str = "", *, limit: int, cursor: str | None = None
    ) -> InstrumentPage:
        """Return a page of the instruments whose symbol or name contains `query`.

        Stored ones come first, then what else the provider has, each by symbol; a page may hold
        fewer than `limit` although more follow. Raises BadCursor.
        """
        wanted = query.strip().upper()
        part, after = (_STORED, "") if cursor is None else decode_cursor(cursor, 2)
        if part not in (_STORED, _PROVIDED):
            raise bad_cursor()
        found: list[Instrument] = []
        if part == _STORED:
            found = await self._stored.search(user_id, wanted, after=after, limit=limit + 1)
            if len(found) > limit:
                return InstrumentPage(
                    tuple(found[:limit]), encode_cursor(_STORED, found[limit - 1].symbol)
                )
            after = ""
        room = limit - len(found)
        listed = await self._provider.search(user_id, wanted, after=after, limit=room + 1)
        found += await self._as_seen(user_id, wanted, listed[:room])
        more = len(listed) > room
        last = listed[room - 1].symbol if more and room else after
        return InstrumentPage(tuple(found), encode_cursor(_PROVIDED, last) if more else None)

    async def _as_seen(
        self, user_id: UserId, query: str, listed: Sequence[Instrument]
    ) -> list[Instrument]:
        """Return what the provider lists as the user sees it, without what came before."""
        wanted = {(user_id, one.symbol) for one in listed}
        stored = await self._stored.instruments(wanted) if wanted else {}
        return [
            stored.get((user_id, one.symbol), one)
            for one in listed
            if (user_id, one.symbol) not in stored or query not in one.symbol
        ]

    async def visible(self, user_id: UserId, symbols: Collection[str]) -> frozenset[str]:
        """Return which of `symbols` are among those that `symbols()` gives."""
        listed = {one for one in symbols if self._provider.lists(one)}
        others = {(user_id, one) for one in symbols if one not in listed}
        stored = await self._stored.instruments(others) if others else {}
        return frozenset(listed | {symbol for _, symbol in stored})

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
        symbol: str | None = None,
    ) -> ImportResult:
        """Store the bars of an uploaded CSV or Parquet file for one user, all or none.

        `symbol` is that of a file without a column for it. `filename` is a label and never opened.
        A bar that the user has already is replaced.
        Raises ImportRefused naming lines and remedies, ImportTooLarge, DatabaseSlow, QuotaReached.
        """
        if len(content) > self._max_import_bytes:
            limit_mb = self._max_import_bytes // 1_000_000
            raise ImportTooLarge(
                f"The file is larger than {limit_mb} MB: split it by symbol or by month."
            )
        assert self._imports is not None, "this process takes imports"
        label = PurePath(filename.replace("\\", "/")).name[:200]
        upload = label, content, timeframe, timezone, symbol
        pace = Pace()
        try:
            async with self._imports.stream(read_upload, *upload, owner=str(user_id)) as (
                facts,
                rows,
            ):
                await stage_rows(session, pace.of(rows))
        except ChildTimedOut as error:
            raise _database_slow() if pace.taker_was_slower else _too_much() from error
        except ChildDied as error:
            raise _too_much() from error
        record = import_record(user_id, label, facts, self._clock.now(), timezone)
        symbols_before = await imported_symbols(session, user_id)
        await add_import(session, record)
        await require_symbol_room(session, user_id, symbols_before)
        self._forget_after_commit(session, user_id)
        return ImportResult(
            tuple(record.symbols),
            record.bar_count,
            record.first_at,
            record.last_at,
            facts.notes,
        )

    async def delete_import(self, session: AsyncSession, user_id: UserId, symbol: str) -> None:
        """Delete all bars that the user imported for a symbol, in every timeframe.

        From then on the sample or the provider speaks for it. Raises NotImported.
        """
        plain = _canonical(symbol)
        if not await delete_bars(session, user_id, plain):
            raise NotImported(f"You have imported no bars of {plain}.")
        self._forget_after_commit(session, user_id)

    def _forget_after_commit(self, session: AsyncSession, user_id: UserId) -> None:
        event.listen(
            session.sync_session,
            "after_commit",
            lambda _: self._stored.forget(user_id),
            once=True,
        )


def _most_between(timeframe: Timeframe, start: datetime, end: datetime) -> int:
    """Return how many bars can open from `start` on and close by `end`, at most.

    Several imports may put intraday bars a quarter of an hour apart; days and weeks are a little
    shorter where clocks change.
    """
    span = timeframe.span
    apart = min(span, timedelta(minutes=15)) if timeframe.intraday else span * 0.8
    return max(0, ceil((end - start) / apart)) + 1


def import_record(
    user_id: UserId | None, filename: str, facts: FileFacts, now: datetime, timezone: str | None
) -> BarImport:
    """Return the row that describes an import of a file."""
    return BarImport(
        id=new_id(),
        user_id=user_id,
        source=facts.source.value,
        filename=filename,
        sha256=facts.sha256,
        timeframe=facts.timeframe.value,
        timezone=timezone,
        symbols=list(facts.symbols),
        bar_count=facts.bars,
        first_at=facts.first_at,
        last_at=facts.last_at,
        created_at=now,
    )


def _too_much() -> ImportRefused:
    message = "Reading the file takes more time or memory than one file may take."
    remedy = "Split it into smaller files, or write it anew as plain CSV."
    return ImportRefused(
        f"{message} Nothing was imported.", [Problem(message, remedy, code="too_much_work")]
    )


def _database_slow() -> DatabaseSlow:
    return DatabaseSlow(
        "The database takes the bars in too slowly now. Nothing was imported; try again later.",
        retry_after_s=_SLOW_RETRY_S,
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
