"""Bars for tests."""

from datetime import UTC, datetime
from functools import cache

import numpy as np

from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said
from kuber.market.sample.seed import sample_file
from kuber.market.series import RawBars
from kuber.market.types import Bars, Source, Timeframe

FIELDS = ("opened_at", "closed_at", "open", "high", "low", "close", "volume")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def sample(symbol: str) -> RawBars:
    """Return the shipped real history of a symbol."""
    name, timeframe = (
        ("eurusd_hourly.csv", Timeframe.H1)
        if symbol == "EURUSD"
        else ("us_equities_daily.csv", Timeframe.D1)
    )
    parsed = parse_bars(name, sample_file(name), Said(timeframe), Source.SAMPLE)
    return next(one for one in parsed if one.bars.symbol == symbol)


def truncated(raw: RawBars, instant: datetime) -> RawBars:
    """Return the same history with everything later than `instant` deleted."""
    bars = raw.bars.closed_by(instant)
    copy = Bars(
        bars.symbol, bars.timeframe, bars.source, *(getattr(bars, f).copy() for f in FIELDS)
    )
    adjusted = None if raw.adj_close is None else raw.adj_close[: len(copy)].copy()
    return RawBars(copy, adjusted)


def hourly(opened: list[str] | np.ndarray, close: list[float], symbol: str = "AAPL") -> Bars:
    """Return 1 h bars that open at `opened` and close at `close`, one unit high and low of it."""
    opened_at = np.array(opened, dtype="datetime64[us]")
    prices = np.array(close, dtype=np.float64)
    return Bars(
        symbol,
        Timeframe.H1,
        Source.IMPORTED,
        opened_at,
        (opened_at + np.timedelta64(1, "h")).astype("datetime64[us]"),
        prices,
        prices + 1.0,
        prices - 1.0,
        prices,
        np.ones(len(prices)),
    )


def same(left: Bars, right: Bars) -> bool:
    """Return whether two sets of bars are equal, bit for bit."""
    return all(getattr(left, f).tobytes() == getattr(right, f).tobytes() for f in FIELDS)
