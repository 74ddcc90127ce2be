"""Several providers as one: each symbol is one provider's, by what kind of thing it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kuber.kernel.ids import UserId
from kuber.market.providers.port import ListingProvider
from kuber.market.types import Bars, Instrument, Source, Timeframe

_ALL = 100_000
"""More than any provider lists from memory."""


class KindProvider(ListingProvider, Protocol):
    """A provider that tells which symbols it is asked for."""

    def serves(self, symbol: str) -> bool:
        """Return whether symbols of this kind are its own, whether or not it has this one."""
        ...


class ByKind:
    """Asks the first of `parts` that serves a symbol, and `rest` for every other kind.

    A symbol that its provider does not know, or cannot tell about now, is asked of nobody else:
    what is real does not turn into what is simulated.
    """

    def __init__(self, parts: Sequence[KindProvider], rest: ListingProvider) -> None:
        self._parts = tuple(parts)
        self._rest = rest

    @property
    def source(self) -> Source | None:
        return None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where prices come from, the first to be asked first."""
        found = (part.source for part in (*self._parts, self._rest))
        return tuple(source for source in found if source is not None)

    def of(self, symbol: str) -> ListingProvider:
        """Return whose symbol it is."""
        return next((part for part in self._parts if part.serves(symbol)), self._rest)

    def is_for_rest(self, symbol: str) -> bool:
        """Return whether no part serves the symbol."""
        return self.of(symbol) is self._rest

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        return await self.of(symbol).instrument(user_id, symbol)

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        return await self.of(symbol).bars(user_id, symbol, timeframe, as_of, count)

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        found = []
        for part in (*self._parts, self._rest):
            listed = await part.search(user_id, query, after=after, limit=_ALL)
            found += [one for one in listed if self.of(one.symbol) is part]
        return sorted(found, key=lambda one: one.symbol)[:limit]

    def listed(self, symbol: str) -> Instrument | None:
        return self.of(symbol).listed(symbol)
