"""A package's provider behind the port: its bars are checked, cut and made coarser here."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from math import isfinite, nan

import numpy as np
from cachetools import TTLCache

from kuber.infra.plugin_child import in_words
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.errors import ProviderUnavailable, TimeframeUnavailable
from kuber.market.instruments import traits_of
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.asking import Asked
from kuber.market.providers.fetching import fetched_for
from kuber.market.providers.plugin import ProvidedBar, Provider
from kuber.market.types import (
    Bars,
    FloatArray,
    Instrument,
    Source,
    TimeArray,
    Timeframe,
    to_datetime64,
)

_WITHIN_S = 30.0
_KNOWN_BY = timedelta(days=14)
_UNKNOWN_FOR_S = 60.0
_MOST_UNKNOWN = 10_000
_MOST = 1e12


class ProvidedBars:
    """Asks one provider; what it does wrong is named with its title and hurts nobody else."""

    source = Source.PLUGIN

    def __init__(
        self,
        provider: Provider,
        clock: Clock,
        answers: ProviderAnswers,
        *,
        within_s: float = _WITHIN_S,
    ) -> None:
        self._provider = provider
        self._name = provider.metadata.name
        self._title = provider.metadata.title
        self._clock = clock
        self._answers = answers
        self._within_s = within_s
        self._fetched = fetched_for(provider.timeframes)
        self._known: set[str] = set()
        self._unknown: TTLCache[str, None] = TTLCache(
            _MOST_UNKNOWN, _UNKNOWN_FOR_S, lambda: clock.now().timestamp()
        )

    def serves(self, symbol: str) -> bool:
        """Return whether the provider wants the symbol; one that cannot say does not."""
        try:
            return bool(self._provider.serves(symbol))
        except Exception:  # noqa: BLE001 - a plug-in fails as it likes
            return False

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        if not self.serves(symbol) or symbol in self._unknown:
            return None
        if symbol not in self._known:
            if not await self._has(symbol):
                self._unknown[symbol] = None
                return None
            self._known.add(symbol)
        return self._shown(symbol)

    async def _has(self, symbol: str) -> bool:
        """Return whether there are stored bars, else whether there are recent ones."""
        if await self._answers.knows(self.source, self._name, symbol):
            return True
        now = self._clock.now()
        coarsest = max(self._provider.timeframes, key=lambda one: one.span)
        return bool(await self._ask(symbol, coarsest, now - _KNOWN_BY - coarsest.span, now))

    def listed(self, symbol: str) -> Instrument | None:
        return self._shown(symbol) if symbol in self._known else None

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        fitting = sorted(one for one in self._known if one > after and query in one)
        return [self._shown(one) for one in fitting[:limit]]

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        if await self.instrument(user_id, symbol) is None:
            return None
        fetched = self._fetched.get(timeframe)
        if fetched is None:
            offered = ", ".join(one for one in Timeframe if one in self._fetched)
            raise TimeframeUnavailable(
                f"{self._title} has no {timeframe} bars of {symbol}. Choose one of {offered}."
            )
        asked = Asked(self.source, self._name, traits_of(symbol), fetched)
        fetch = partial(self._history, symbol, fetched)
        return await self._answers.bars(asked, timeframe, as_of, count, fetch)

    async def _history(
        self, symbol: str, fetched: Timeframe, start: datetime, end: datetime
    ) -> tuple[TimeArray, FloatArray]:
        found = await self._ask(symbol, fetched, start, end)
        times = np.array([to_datetime64(one.opened_at) for one in found], dtype="datetime64[us]")
        return times, np.array([_figures(one) for one in found], dtype=np.float64).reshape(-1, 6)

    async def _ask(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[ProvidedBar]:
        """Return sound bars within the times. Raises ProviderUnavailable."""
        try:
            async with asyncio.timeout(self._within_s):
                found = list(await self._provider.fetch(symbol, timeframe, start, end))
                fault = _fault(found)
        except TimeoutError as error:
            raise self._unavailable(f"it did not answer within {self._within_s:g} s") from error
        except Exception as error:
            raise self._unavailable(in_words(error)) from error
        if fault is not None:
            raise self._unavailable(fault)
        return [one for one in found if start <= one.opened_at <= end]

    def _unavailable(self, why: str) -> ProviderUnavailable:
        return ProviderUnavailable(f"{self._title} cannot be used now: {why}.", retry_after_s=30)

    def _shown(self, symbol: str) -> Instrument:
        traits = traits_of(symbol)
        timeframes = tuple(one for one in Timeframe if one in self._fetched)
        return Instrument(
            symbol,
            traits.name,
            self.source,
            traits.calendar,
            traits.currency,
            timeframes,
            None,
            None,
        )


def _fault(bars: Sequence[ProvidedBar]) -> str | None:
    """Return what is wrong with an answer."""
    for number, one in enumerate(bars):
        if one.opened_at.tzinfo is None:
            return f"bar {number} has a time without a zone"
        if number and one.opened_at <= bars[number - 1].opened_at:
            return f"bar {number} is not later than the one before"
        if not _is_sane(one):
            return f"bar {number} has prices or a volume that cannot be"
    return None


def _is_sane(one: ProvidedBar) -> bool:
    low, high = min(one.open, one.close), max(one.open, one.close)
    adjusted = one.adjusted_close
    return (
        all(map(isfinite, (one.open, one.high, one.low, one.close, one.volume)))
        and 0 < one.low <= low
        and high <= one.high < _MOST
        and one.volume >= 0
        and (adjusted is None or (isfinite(adjusted) and adjusted > 0))
    )


def _figures(one: ProvidedBar) -> tuple[float, ...]:
    adjusted = nan if one.adjusted_close is None else one.adjusted_close
    return one.open, one.high, one.low, one.close, one.volume, adjusted
