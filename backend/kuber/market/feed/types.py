"""Quotes, and where they come from."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class FeedSource(StrEnum):
    """Who quotes; `simulated` and `replay` are never a market's present, `pushed` is what a user
    sent for themselves."""

    SIMULATED = "simulated"
    REPLAY = "replay"
    ALPACA = "alpaca"
    PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Quote:
    """A price at one instant, as a source gave it; `rules.judge` says whether it is believed.

    `price`, `bid` and `ask` are in the instrument's currency, `volume` is the shares or units
    traded in the session so far. What a source does not give is None.
    """

    symbol: str
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    volume: Decimal | None
    source: FeedSource
    quoted_at: datetime
