"""Market data as the HTTP contract shows it."""

from datetime import datetime
from decimal import Decimal

import orjson
from pydantic import BaseModel, Field

from kuber.kernel.wire import DecimalText
from kuber.market.choice import has_ended
from kuber.market.types import Bars, Instrument, Source, Timeframe, to_datetime
from kuber.market.zones import zone_of

_PRICE_DIGITS = 8


class SpanOut(BaseModel):
    """Prices of a symbol from one source; null where they have no end."""

    source: Source
    simulated: bool
    timeframes: list[Timeframe]
    first_at: datetime | None
    last_at: datetime | None


class SymbolOut(BaseModel):
    """An instrument that the user can choose, with the prices that answer for a moment."""

    symbol: str
    name: str
    source: Source
    simulated: bool
    timeframes: list[Timeframe]
    first_at: datetime | None
    last_at: datetime | None
    ended: bool = Field(description="Whether a run as of then fails with `data_ended`.")
    currency: str
    calendar: str
    timezone: str = Field(description="Of the market's hours, an IANA name.")
    others: list[SpanOut] = Field(
        description="What is stored besides: it answers at other moments, or by choice."
    )

    @classmethod
    def of(cls, instrument: Instrument, at: datetime) -> "SymbolOut":
        """Return the row of an instrument at the moment `at`."""
        return cls(
            symbol=instrument.symbol,
            name=instrument.name,
            source=instrument.source,
            simulated=instrument.simulated,
            timeframes=list(instrument.timeframes),
            first_at=instrument.first_at,
            last_at=instrument.last_at,
            ended=has_ended(instrument, at),
            currency=instrument.currency,
            calendar=instrument.calendar,
            timezone=zone_of(instrument.calendar),
            others=[
                SpanOut(
                    source=one.source,
                    simulated=one.source is Source.SIMULATED,
                    timeframes=list(one.timeframes),
                    first_at=one.first_at,
                    last_at=one.last_at,
                )
                for one in instrument.others
            ],
        )


class BarOut(BaseModel):
    """One bar; `time` is its opening."""

    time: datetime
    open: DecimalText
    high: DecimalText
    low: DecimalText
    close: DecimalText
    volume: DecimalText


class BarsOut(BaseModel):
    """Bars, oldest first, with where they come from."""

    items: list[BarOut]
    next_cursor: str | None = None
    symbol: str
    timeframe: Timeframe
    source: Source
    simulated: bool


def encode_bars(bars: Bars) -> bytes:
    """Return bars as the JSON of BarsOut, prices to 8 decimals, without an object for each bar."""
    times = map(to_datetime, bars.opened_at)
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    texts = (map(plain_text, column.tolist()) for column in columns)
    out = {
        "items": [
            {"time": at, "open": o, "high": h, "low": low, "close": c, "volume": v}
            for at, o, h, low, c, v in zip(times, *texts, strict=True)
        ],
        "next_cursor": None,
        "symbol": bars.symbol,
        "timeframe": bars.timeframe,
        "source": bars.source,
        "simulated": bars.simulated,
    }
    return orjson.dumps(out, option=orjson.OPT_UTC_Z)


def plain_decimal(value: float) -> Decimal:
    """Return a float price as a plain decimal to 8 places, 441.4 rather than 441.40000000."""
    return Decimal(plain_text(value))


def plain_text(value: float) -> str:
    """Return a float price as text to 8 places, 441.4 rather than 441.40000000."""
    return f"{value:.{_PRICE_DIGITS}f}".rstrip("0").removesuffix(".")
