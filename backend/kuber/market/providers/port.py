"""What every source of bars can do."""

from datetime import datetime
from typing import Protocol

from kuber.kernel.ids import UserId
from kuber.market.types import Bars, Instrument, Source, Timeframe


class BarProvider(Protocol):
    """One source of instruments and bars.

    Symbols are canonical (`kuber.market.instruments`). Every provider obeys the same rules, and one
    contract test suite holds them to it: bars are closed by `as_of`, oldest first, times strictly
    grow, prices are adjusted for splits up to `as_of` only, and equal questions about the past
    get equal answers, bit for bit.
    """

    @property
    def source(self) -> Source | None:
        """Where the prices come from; None when that differs from instrument to instrument."""
        ...

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        """Return the instrument as this user sees it, None when the provider has none."""
        ...

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        """Return at most `count` newest bars closed by `as_of`, None for an unknown symbol.

        Raises TimeframeUnavailable, ProviderUnavailable.
        """
        ...

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        """Return instruments whose symbol or name contains `query` (upper case), by symbol.

        At most `limit` of those that come after the symbol `after`.
        """
        ...


class ListingProvider(BarProvider, Protocol):
    """A provider that tells without asking anybody what it has: the last that is asked."""

    def listed(self, symbol: str) -> Instrument | None:
        """Return the instrument when `search` can find the symbol."""
        ...
