"""Quotes, and where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class FeedSource(StrEnum):
    """Who quotes; `simulated` and `replay` are never a market's present, `pushed` is what a user
    sent for themselves."""

    SIMULATED = "simulated"
    REPLAY = "replay"
    ALPACA = "alpaca"
    FINNHUB = "finnhub"
    COINMARKETCAP = "coinmarketcap"
    PUSHED = "pushed"


_LAGS: Mapping[FeedSource, timedelta] = {FeedSource.COINMARKETCAP: timedelta(minutes=2)}
"""Of sources that renew their prices now and then, and not with every trade."""


def lag_of(source: FeedSource) -> timedelta:
    """Return how much older a quote of a source is allowed to be than one of a trade."""
    return _LAGS.get(source, timedelta(0))


@dataclass(frozen=True, slots=True)
class WantedSymbols:
    """Symbols that somebody follows: `first` those on which money hangs, however many, and then
    `others`."""

    first: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def in_turn(self) -> tuple[str, ...]:
        """Return all of them, the ones that come first before the others, each part by name."""
        return (*sorted(self.first), *sorted(self.others - self.first))


@dataclass(frozen=True, slots=True)
class Quote:
    """A price at one instant, as a source gave it; `rules.judge` says whether it is believed.

    `price`, `bid` and `ask` are in the instrument's currency, `volume` is the shares or units
    traded in the session so far, `bid_size` and `ask_size` those on offer at its bid and ask. What
    a source does not give is None.
    """

    symbol: str
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    volume: Decimal | None
    source: FeedSource
    quoted_at: datetime
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
