"""What every source of quotes can do."""

from collections.abc import Sequence
from typing import Protocol

from kuber.market.feed.types import FeedSource, Quote


class QuoteSource(Protocol):
    """One source of quotes, asked by one task.

    Quotes come oldest first, times grow strictly within a symbol, and only symbols that are
    followed are quoted. One contract test suite holds every adapter to it.
    """

    @property
    def source(self) -> FeedSource: ...

    @property
    def offered(self) -> frozenset[str]:
        """Symbols to follow without being asked; empty where following costs something."""
        ...

    @property
    def following(self) -> frozenset[str]:
        """Of the symbols last given to `follow` those that the source can quote."""
        ...

    async def follow(self, symbols: Sequence[str]) -> None:
        """Quote these symbols from now on, and no others; unknown ones are left out.

        A source that can follow so many takes the first of them.
        """
        ...

    async def receive(self) -> Sequence[Quote]:
        """Wait for the next quotes, for a second or so: none when there were none.

        May be called again after it raised, or was cancelled: it then connects anew.
        Raises ProviderUnavailable.
        """
        ...

    async def close(self) -> None:
        """Close what was opened; may be called twice."""
        ...
