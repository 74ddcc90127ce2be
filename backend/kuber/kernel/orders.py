"""The words of an order that every package speaks: side, type, time in force."""

from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    """How long an order lives."""

    DAY = "day"
    GTC = "gtc"
    """Until it is cancelled, 90 days at most."""
    OPG = "opg"
    """Only in the opening auction."""
    CLS = "cls"
    """Only in the closing auction."""
    IOC = "ioc"
    """What is not filled at once is cancelled."""
    FOK = "fok"
    """Filled at once and whole, or cancelled."""
