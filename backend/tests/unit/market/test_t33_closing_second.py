"""T33: a bar is invisible one second before its close and visible at it.

The closes are worked out here, by the published sessions of the exchanges and the clocks of the
places, for every timeframe, market and way to name a bar; over clock changes and half days.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest

from kuber.market.importing.said import Label as End
from kuber.market.types import Timeframe
from tests.fakes.price_files import read

NEW_YORK = ZoneInfo("America/New_York")
SECOND = timedelta(seconds=1)
EXCHANGES = {"AAPL": "XNYS", "VOD.L": "XLON", "BHP.AX": "XASX"}
SYMBOLS = [*EXCHANGES, "EURUSD", "BTCUSDT"]
STRETCHES = [
    (date(2024, 3, 4), date(2024, 4, 12)),  # summer time in New York, London and Sydney, Easter
    (date(2024, 10, 21), date(2024, 12, 27)),  # winter time, and the short days of the year's end
]
INTRADAY = [one for one in Timeframe if one.intraday]
Label = Callable[[datetime], str]
LABELS: dict[str, Label] = {
    "utc": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "offset": lambda at: at.astimezone(NEW_YORK).isoformat(),
    "epoch": lambda at: str(int(at.timestamp())),
    "milliseconds": lambda at: str(int(at.timestamp() * 1000)),
    "written": lambda at: at.strftime("%Y.%m.%d %H:%M"),
}
ONE_A_DAY = {"AAPL": 7, "BHP.AX": 6, "VOD.L": 9}
"""Hours of a bar that holds a whole session: it is imported as a daily one."""
WAYS = [
    (symbol, timeframe, [*LABELS][(SYMBOLS.index(symbol) + at) % len(LABELS)])
    for symbol in SYMBOLS
    for at, timeframe in enumerate(INTRADAY)
    if timeframe.span < timedelta(hours=ONE_A_DAY.get(symbol, 24))
]
"""Every timeframe of every market, each way to write a time in turn."""


class Bar(NamedTuple):
    """A bar as its market has it."""

    day: date
    opened: datetime
    closed: datetime


@cache
def sessions(symbol: str, first: date, last: date) -> list[Bar]:
    if symbol in EXCHANGES:
        schedule = exchange_calendars.get_calendar(
            EXCHANGES[symbol], start="2023-01-01", end="2026-01-01"
        ).schedule.loc[str(first) : str(last)]
        return [
            Bar(day.date(), row["open"].to_pydatetime(), row["close"].to_pydatetime())
            for day, row in schedule.iterrows()
        ]
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if symbol == "BTCUSDT" or day.weekday() < 5:
            opened = datetime.combine(day, time(), UTC)
            found.append(Bar(day, opened, opened + timedelta(days=1)))
    return found


def intraday(symbol: str, timeframe: Timeframe, first: date, last: date) -> Iterator[Bar]:
    days = sessions(symbol, first, last)
    if timeframe.span < timedelta(minutes=30):
        days = days[:2] + days[-2:]
    for day in days:
        at = day.opened
        while at < day.closed:
            yield Bar(day.day, at, min(at + timeframe.span, day.closed))
            at += timeframe.span


def grouped(days: list[Bar], key: Callable[[date], object]) -> list[list[Bar]]:
    groups: dict[object, list[Bar]] = {}
    for bar in days:
        groups.setdefault(key(bar.day), []).append(bar)
    return list(groups.values())[1:-1]  # the outer ones may lack days


def check(
    symbol: str,
    timeframe: Timeframe,
    named: list[tuple[str, datetime]],
    *,
    exact: bool = True,
    **said: Any,
) -> None:
    """Read bars by their names; each counts from its close on, or later where that is in doubt."""
    rows = [f"{symbol},{label},1,2,1,1,5" for label, _ in named]
    text = "\n".join(["symbol,time,open,high,low,close,volume", *rows])
    bars = read(text, timeframe, **said)[0].bars
    assert len(bars) == len(named)
    for at, (label, close) in enumerate(named):
        assert len(bars.closed_by(close - SECOND)) <= at, label
        if exact:
            assert len(bars.closed_by(close - SECOND)) == at, label
            assert len(bars.closed_by(close)) == at + 1, label


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize(("symbol", "timeframe", "label"), WAYS)
def test_t33_intraday(
    symbol: str, timeframe: Timeframe, label: str, first: date, last: date
) -> None:
    bars = list(intraday(symbol, timeframe, first, last))
    check(symbol, timeframe, [(LABELS[label](bar.opened), bar.closed) for bar in bars])


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize("label", ["date", *LABELS])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_t33_days(symbol: str, label: str, first: date, last: date) -> None:
    days = sessions(symbol, first, last)
    if label == "date":
        check(symbol, Timeframe.D1, [(bar.day.isoformat(), bar.closed) for bar in days])
    elif symbol != "BHP.AX" or label != "written":  # 23:00 the day before, without a zone
        check(symbol, Timeframe.D1, [(LABELS[label](bar.opened), bar.closed) for bar in days])


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize("label", LABELS)
def test_t33_days_of_currencies_from_five_to_five_in_new_york(
    label: str, first: date, last: date
) -> None:
    named = []
    for bar in sessions("EURUSD", first, last):
        evening = datetime.combine(bar.day - timedelta(days=1), time(17), NEW_YORK)
        close = datetime.combine(bar.day, time(17), NEW_YORK)
        named.append((LABELS[label](evening.astimezone(UTC)), close.astimezone(UTC)))
    check("EURUSD", Timeframe.D1, named)


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize("named_by", ["monday", "first", "last", "sunday before", "sunday after"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_t33_weeks(symbol: str, named_by: str, first: date, last: date) -> None:
    weeks = grouped(sessions(symbol, first, last), lambda day: day.isocalendar()[:2])
    named = []
    for week in weeks:
        monday = week[0].day - timedelta(days=week[0].day.weekday())
        day = {
            "monday": monday,
            "first": week[0].day,
            "last": week[-1].day,
            "sunday before": monday - timedelta(days=1),
            "sunday after": monday + timedelta(days=6),
        }[named_by]
        named.append((day.isoformat(), week[-1].closed))
    in_doubt = "sunday" in named_by or (symbol, named_by) == ("BTCUSDT", "last")
    check(symbol, Timeframe.W1, named, exact=not in_doubt)


@pytest.mark.parametrize("named_by", ["first", "last", "1", "15", "28"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_t33_months(symbol: str, named_by: str) -> None:
    days = sessions(symbol, date(2023, 12, 1), date(2025, 1, 31))
    named = []
    for month in grouped(days, lambda day: (day.year, day.month)):
        day = {"first": month[0].day, "last": month[-1].day}.get(named_by)
        day = day or month[0].day.replace(day=int(named_by))
        named.append((day.isoformat(), month[-1].closed))
    # A month that ends on a Sunday holds the evening on which currencies begin again, or not.
    check(symbol, Timeframe.MO1, named, exact=symbol != "EURUSD")


CLOSES: dict[str, Any] = {"label": End.CLOSE}


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize(("symbol", "timeframe", "label"), WAYS)
def test_t33_intraday_named_by_the_close(
    symbol: str, timeframe: Timeframe, label: str, first: date, last: date
) -> None:
    bars = list(intraday(symbol, timeframe, first, last))
    check(symbol, timeframe, [(LABELS[label](bar.closed), bar.closed) for bar in bars], **CLOSES)


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize("label", ["date", "utc", "epoch"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_t33_days_named_by_the_close(symbol: str, label: str, first: date, last: date) -> None:
    days = sessions(symbol, first, last)
    if label == "date":
        named = [(bar.day.isoformat(), bar.closed) for bar in days]
    else:
        named = [(LABELS[label](bar.closed), bar.closed) for bar in days]
    check(symbol, Timeframe.D1, named, **CLOSES)


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize("label", LABELS)
def test_t33_days_of_currencies_named_by_their_close(label: str, first: date, last: date) -> None:
    closes = [
        datetime.combine(bar.day, time(17), NEW_YORK).astimezone(UTC)
        for bar in sessions("EURUSD", first, last)
    ]
    check("EURUSD", Timeframe.D1, [(LABELS[label](at), at) for at in closes], **CLOSES)


@pytest.mark.parametrize(("first", "last"), STRETCHES)
@pytest.mark.parametrize("named_by", ["last", "friday", "saturday", "sunday"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_t33_weeks_named_by_their_end(symbol: str, named_by: str, first: date, last: date) -> None:
    named = []
    for week in grouped(sessions(symbol, first, last), lambda day: day.isocalendar()[:2]):
        monday = week[0].day - timedelta(days=week[0].day.weekday())
        day = {
            "last": week[-1].day,
            "friday": monday + timedelta(days=4),
            "saturday": monday + timedelta(days=5),
            "sunday": monday + timedelta(days=6),
        }[named_by]
        named.append((day.isoformat(), week[-1].closed))
    check(symbol, Timeframe.W1, named, **CLOSES)


@pytest.mark.parametrize("named_by", ["last", "end", "next first"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_t33_months_named_by_their_end(symbol: str, named_by: str) -> None:
    named = []
    days = sessions(symbol, date(2023, 12, 1), date(2025, 1, 31))
    for month in grouped(days, lambda day: (day.year, day.month)):
        after = (month[0].day.replace(day=28) + timedelta(days=4)).replace(day=1)
        day = {"last": month[-1].day, "end": after - timedelta(days=1)}.get(named_by, after)
        named.append((day.isoformat(), month[-1].closed))
    check(symbol, Timeframe.MO1, named, exact=symbol != "EURUSD", **CLOSES)
