"""Market data for the other packages: one view over imports, sample and provider."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from math import ceil

from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.market.choice import Datasets, choose, require_not_ended
from kuber.market.errors import UnknownSymbol
from kuber.market.previous_closes import PreviousCloses
from kuber.market.providers.answer_tables import PostgresAnswers
from kuber.market.providers.answers import bars_of_version
from kuber.market.providers.lookup import look_up
from kuber.market.providers.port import ListingProvider
from kuber.market.providers.stored import StoredBars
from kuber.market.symbols import canonical_symbol
from kuber.market.terms.changes import Changes
from kuber.market.types import (
    Bars,
    DatasetKind,
    Instrument,
    InstrumentPage,
    Instruments,
    Source,
    Timeframe,
    to_datetime64,
)

MAX_BARS = 10_000
_STORED, _PROVIDED = "stored", "provided"
"""The two parts of the list of instruments, as cursors name them."""


class MarketService:
    """Answers every question about prices; implements `MarketData`.

    A symbol may have several datasets: the user's own import, the platform's sample, what the
    provider has. `choice` decides by the moment and by the user's choice which one answers; it
    gives all timeframes. Nothing later than the clock's now is ever given, so a clock that stands
    in the past replays history.
    """

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        provider: ListingProvider,
    ) -> None:
        self._clock = clock
        self._stored = StoredBars(pool)
        self._provider = provider
        self._answers = PostgresAnswers(pool)
        self.changes = Changes(pool)
        self.previous_closes = PreviousCloses(self._stored, provider)

    @property
    def asks_others(self) -> bool:
        """Whether a symbol that is stored nowhere is asked of somebody else's server."""
        return self._provider.source is not Source.SIMULATED

    async def instrument(
        self, user_id: UserId, symbol: str, as_of: datetime | None = None
    ) -> Instrument:
        """Return the instrument as the user sees it now, any import until now included.

        Its prices are those that answer for `as_of`, now without it. What the user changed of it
        counts within a second. Begin every run with it: later `bars` may use its answer for a
        second. Raises UnknownSymbol, ProviderUnavailable.
        """
        plain = _canonical(symbol)
        _, found = await self._chosen(user_id, plain, self._until(as_of), anew=True)
        if found is None:
            raise _unknown(plain)
        return await self.changes.seen_by(user_id, found)

    async def instruments(self, wanted: Collection[tuple[UserId, str]]) -> Instruments:
        """Return the instruments of many users and symbols at once, with the prices of now.

        Unknown ones are left out; those that the provider cannot tell about now are named with
        the reason, so that one symbol never fails the others.
        """
        stored = await self._stored.pairs(wanted) if wanted else {}
        changes = await self.changes.of({user_id for user_id, _ in wanted}) if wanted else {}
        now = self._clock.now()
        own: dict[tuple[UserId, str], Instrument] = {}
        for key, (imported, sample) in stored.items():
            change = changes[key[0]].get(key[1])
            kind = choose(imported, sample, change.dataset if change else None, now)
            found = Datasets(imported, sample, None).seen_as(kind)
            if found is not None:
                own[key] = found
        asked = await look_up(self._provider, set(wanted) - own.keys())
        for key in stored.keys() - own.keys() - asked.unavailable.keys():
            there = Datasets(*stored[key], asked.found.get(key))
            _, found = there.seen_by_choice(DatasetKind.PROVIDER)
            if found is not None:
                own[key] = found
        return Instruments(await self.changes.seen({**asked.found, **own}), asked.unavailable)

    async def bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        as_of: datetime,
        count: int,
        dataset: DatasetKind | None = None,
    ) -> Bars:
        """Return the `count` newest bars closed by `as_of` (and by now), oldest first.

        See `DatasetMarket.bars`. The arrays are shared: they cannot be written to.
        """
        plain, instant = _canonical(symbol), self._until(as_of)
        kind, found = await self._chosen(user_id, plain, instant, dataset)
        if found is None:
            raise _unknown(plain)
        bars = await self._of(kind, user_id, plain, timeframe, instant, count)
        if kind is not DatasetKind.PROVIDER:
            origin = Source(kind.value)
            ends_at = await self._stored.last_at(user_id, plain, timeframe, origin)
            require_not_ended(found, bars, ends_at, instant)
        return bars

    async def bars_of_version(
        self, version: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        """Return bars as they were answered with in a version of a provider's, also when another
        one answers by now; None for other versions and those that are not kept any more."""
        until = self._until(as_of)
        return await bars_of_version(self._answers, version, timeframe, until, max(count, 0))

    async def get_bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        *,
        dataset: DatasetKind | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 500,
    ) -> Bars:
        """Return bars for a chart: opened at or after `start`, closed by `end`, the newest `limit`.

        Without `end` the newest bars there are, also of a dataset that has ended; without `dataset`
        of the one that answers for `end`. Prices are adjusted for splits up to `end`, so a chart
        that ends where a run began shows what the run saw. Raises UnknownSymbol,
        TimeframeUnavailable, ProviderUnavailable.
        """
        plain, until = _canonical(symbol), self._until(end)
        if dataset is None:
            dataset, found = await self._chosen(user_id, plain, until, anew=True)
        else:
            found = await self._as_in(dataset, user_id, plain)
        if found is None:
            raise _unknown(plain)
        count = min(limit, MAX_BARS)
        if start is not None:
            count = min(count, _most_between(timeframe, start, until))
        bars = await self._of(dataset, user_id, plain, timeframe, until, count)
        if start is None:
            return bars
        first = int(bars.opened_at.searchsorted(to_datetime64(start), side="left"))
        return bars.window(first, len(bars))

    def _until(self, as_of: datetime | None) -> datetime:
        now = self._clock.now()
        return now if as_of is None else min(as_of, now)

    async def _chosen(
        self,
        user_id: UserId,
        plain: str,
        at: datetime,
        dataset: DatasetKind | None = None,
        *,
        anew: bool = False,
    ) -> tuple[DatasetKind, Instrument | None]:
        """Return which dataset answers for the moment `at`, and the instrument as it has it.

        It is `dataset` where there is one of this kind, whatever the user has chosen.
        """
        imported, sample = await self._stored.both(user_id, plain, anew=anew)
        if imported is None and sample is None:
            preferred = None
        elif dataset is not None:
            preferred = dataset
        else:
            change = (await self.changes.of([user_id]))[user_id].get(plain)
            preferred = change.dataset if change else None
        kind = choose(imported, sample, preferred, at)
        provided = None
        if kind is DatasetKind.PROVIDER:
            provided = await self._provider.instrument(user_id, plain)
        return Datasets(imported, sample, provided).seen_by_choice(kind)

    async def _as_in(self, kind: DatasetKind, user_id: UserId, plain: str) -> Instrument | None:
        """Return the instrument as one dataset has it; a provider that is away stops no other."""
        if kind is DatasetKind.PROVIDER:
            return await self._provider.instrument(user_id, plain)
        imported, sample = await self._stored.both(user_id, plain, anew=True)
        return Datasets(imported, sample, None).of(kind)

    async def _of(
        self,
        kind: DatasetKind,
        user_id: UserId,
        plain: str,
        timeframe: Timeframe,
        at: datetime,
        count: int,
    ) -> Bars:
        count = max(count, 0)
        if kind is DatasetKind.PROVIDER:
            found = await self._provider.bars(user_id, plain, timeframe, at, count)
        else:
            origin = Source(kind.value)
            found = await self._stored.bars(user_id, plain, timeframe, at, count, origin)
        if found is None:
            raise _unknown(plain)
        return found

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
                last = found[limit - 1].symbol
                return await self._page(user_id, found[:limit], encode_cursor(_STORED, last))
            after = ""
        room = limit - len(found)
        listed = await self._provider.search(user_id, wanted, after=after, limit=room + 1)
        found += await self._as_seen(user_id, wanted, listed[:room])
        more = len(listed) > room
        last = listed[room - 1].symbol if more and room else after
        following = encode_cursor(_PROVIDED, last) if more else None
        return await self._page(user_id, found, following)

    async def _page(
        self, user_id: UserId, found: Sequence[Instrument], next_cursor: str | None
    ) -> InstrumentPage:
        wanted = {(user_id, one.symbol) for one in found}
        stored = await self._stored.pairs(wanted) if wanted else {}
        changes, now = (await self.changes.of([user_id]))[user_id], self._clock.now()
        shown = {}
        for one in found:
            imported, sample = stored.get((user_id, one.symbol), (None, None))
            change = changes.get(one.symbol)
            kind = choose(imported, sample, change.dataset if change else None, now)
            there = Datasets(imported, sample, self._provider.listed(one.symbol))
            shown[user_id, one.symbol] = there.seen_by_choice(kind)[1] or one
        seen = await self.changes.seen(shown)
        return InstrumentPage(tuple(seen.values()), next_cursor)

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
        listed = {one for one in symbols if self._provider.listed(one) is not None}
        others = {(user_id, one) for one in symbols if one not in listed}
        stored = await self._stored.instruments(others) if others else {}
        return frozenset(listed | {symbol for _, symbol in stored})

    def forget(self, user_id: UserId) -> None:
        """Ask the database anew for a user's stored series, since these have changed."""
        self._stored.forget(user_id)


def _most_between(timeframe: Timeframe, start: datetime, end: datetime) -> int:
    """Return how many bars can open from `start` on and close by `end`, at most.

    Several imports may put intraday bars a quarter of an hour apart; days and weeks are a little
    shorter where clocks change.
    """
    span = timeframe.span
    apart = min(span, timedelta(minutes=15)) if timeframe.intraday else span * 0.8
    return max(0, ceil((end - start) / apart)) + 1


def _canonical(symbol: str) -> str:
    try:
        return canonical_symbol(symbol)
    except ValueError as error:
        raise UnknownSymbol(f"{error}.") from error


def _unknown(symbol: str) -> UnknownSymbol:
    return UnknownSymbol(
        f"There are no prices for {symbol}. Choose another symbol, or import its bars."
    )
