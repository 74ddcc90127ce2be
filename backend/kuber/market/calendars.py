"""Trading calendars: sessions, the true close of every bar, whether a market is open.

Three kinds: an exchange by its code (`XNYS`, from `exchange-calendars`, early closes and daylight
saving included), `24/5` for currencies (open from Sunday 17:00 to Friday 17:00 New York) and `24/7`
for crypto (UTC days, weeks from Monday).

The trading days of currencies end at 17:00 New York, five a week; those of `24/5 UTC` are UTC days,
and its hours and weeks are those of `24/5`. Files that give a day of a
currency by its date alone may mean the UTC day, which ends later: `sessions` has those, Sunday
with a short one of its own, `trading_days` the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kuber.market.errors import BeyondCalendar
from kuber.market.exchange_sessions import work_out
from kuber.market.instruments import CRYPTO, CURRENCIES, CURRENCIES_UTC, EXCHANGE
from kuber.market.kept_sessions import KeptSessions
from kuber.market.types import TimeArray, Timeframe, to_datetime, to_datetime64
from kuber.market.zones import zone_of

DateArray = NDArray[np.datetime64]
IndexArray = NDArray[np.int64]

_NEW_YORK = ZoneInfo("America/New_York")
_DAY = np.timedelta64(1, "D")
_WEEK = np.timedelta64(7, "D")
_MONDAY = np.datetime64("1970-01-05", "D")
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_CURRENCY_DAY_ENDS = time(17)
ROUND_THE_WEEK = (CURRENCIES, CURRENCIES_UTC)
"""Open from Sunday evening to Friday evening."""
_FIRST_YEAR = 2000
_LAST_YEAR = 2030
_EARLIEST_YEAR = 1960
_LATEST_YEAR = 2109
WARM = (EXCHANGE, CURRENCIES, CRYPTO)
"""Calendars that nearly everybody asks for."""

_kept: KeptSessions | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """Trading sessions, oldest first; all arrays have shape (n,).

    `dates` name the sessions, `opens` and `closes` are datetime64[us] in UTC, and sessions with an
    equal number in `weeks` make one trading week.
    """

    dates: DateArray
    opens: TimeArray
    closes: TimeArray
    weeks: IndexArray


class TradingCalendar:
    """When one kind of market trades. Sessions are computed on first use and kept.

    Every method raises BeyondCalendar for a time before 1960 or after 2109.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self._years = (_FIRST_YEAR, _LAST_YEAR)

    @property
    def clock_aligned(self) -> bool:
        """True when intraday bars are cut at 00:00 UTC, False when at the session's open."""
        return self.code in (*ROUND_THE_WEEK, CRYPTO)

    def sessions(self, first: np.datetime64, last: np.datetime64) -> Sessions:
        """Return the sessions that dates name; for currencies these are UTC days.

        They reach at least from one month before `first` to one month after `last`.
        """
        return _sessions(self.code, *self._cover(first, last))

    def trading_days(self, first: np.datetime64, last: np.datetime64) -> Sessions:
        """Return the sessions that days and weeks of finer bars are made of, as far as `sessions`.

        Only for currencies do they differ from `sessions`: a day ends at 17:00 New York and is
        named by the date on which it ends.
        """
        years = self._cover(first, last)
        return _new_york_days(*years) if self.code == CURRENCIES else _sessions(self.code, *years)

    def hours(self, first: np.datetime64, last: np.datetime64) -> Sessions:
        """Return the spans of trading, as far as `sessions`; only for currencies do they differ."""
        years = self._cover(first, last)
        return (
            _currency_hours(*years) if self.code in ROUND_THE_WEEK else _sessions(self.code, *years)
        )

    def midnight(self, day: date) -> np.datetime64:
        """Return when a date begins where the market trades, in UTC."""
        if self.clock_aligned:
            return np.datetime64(day, "us")
        zone = ZoneInfo(zone_of(self.code))
        return to_datetime64(datetime.combine(day, time(), zone).astimezone(UTC))

    def _cover(self, first: np.datetime64, last: np.datetime64) -> tuple[int, int]:
        """Return the years that are kept, widened by whole decades to a month around both."""
        before, after = _year(first - 31 * _DAY), _year(last + 31 * _DAY)
        if before < _EARLIEST_YEAR or after > _LATEST_YEAR:
            raise BeyondCalendar(
                f"Trading sessions are known from {_EARLIEST_YEAR} to {_LATEST_YEAR}, "
                f"not for {first.astype('datetime64[D]')} to {last.astype('datetime64[D]')}."
            )
        years = (
            self._years[0] if before >= self._years[0] else before // 10 * 10,
            self._years[1] if after <= self._years[1] else after // 10 * 10 + 9,
        )
        if years != self._years:
            _sessions(self.code, *years)  # if that fails, what is kept stays as it was
            self._years = years
        return years

    def week_of(self, dates: DateArray) -> IndexArray:
        """Return the number of the trading week that each date belongs to."""
        # A currency week begins on Sunday evening, every other one on Monday.
        return (dates.astype("datetime64[D]") - self._first_week()).astype(np.int64) // 7

    def hours_of_weeks(self, first: int, last: int) -> Sessions:
        """Return the spans of trading of the weeks from `first` up to but without `last`."""
        start = self._first_week()
        hours = self.hours(start + first * _WEEK, start + last * _WEEK)
        low, high = np.searchsorted(hours.weeks, (first, last))
        return Sessions(
            hours.dates[low:high],
            hours.opens[low:high],
            hours.closes[low:high],
            hours.weeks[low:high],
        )

    def _first_week(self) -> np.datetime64:
        return _MONDAY - _DAY if self.code in ROUND_THE_WEEK else _MONDAY

    def daily_bounds(self, dates: DateArray) -> tuple[TimeArray, TimeArray]:
        """Return opening and close of the session on each date, shape (n,) each.

        A date without a session (a bar from another exchange) gets the usual hours of the market.
        """
        sessions = self.sessions(dates.min(), dates.max())
        index = np.searchsorted(sessions.dates, dates)
        opens, closes = sessions.opens[index].copy(), sessions.closes[index].copy()
        for at in np.flatnonzero(sessions.dates[index] != dates):
            opens[at], closes[at] = self._usual_hours(dates[at])
        return opens, closes

    def weekly_bounds(self, dates: DateArray) -> tuple[TimeArray, TimeArray]:
        """Return first opening and last close of the trading week around each date."""
        sessions = self.sessions(dates.min(), dates.max())
        return self._bounds(dates, sessions, sessions.weeks, self.week_of(dates))

    def monthly_bounds(self, dates: DateArray) -> tuple[TimeArray, TimeArray]:
        """Return first opening and last close of the sessions in the month of each date."""
        sessions = self.sessions(dates.min(), dates.max())
        return self._bounds(dates, sessions, months_of(sessions.dates), months_of(dates))

    def _bounds(
        self, dates: DateArray, sessions: Sessions, spans: IndexArray, of_dates: IndexArray
    ) -> tuple[TimeArray, TimeArray]:
        """Return first opening and last close of the sessions with the number of each date."""
        first = np.searchsorted(spans, of_dates, side="left")
        last = np.searchsorted(spans, of_dates, side="right") - 1
        opens, closes = sessions.opens[first].copy(), sessions.closes[last].copy()
        for at in np.flatnonzero(first > last):
            opens[at], closes[at] = self._usual_hours(dates[at])
        return opens, closes

    def intraday_closes(self, opened_at: TimeArray, timeframe: Timeframe) -> TimeArray:
        """Return the close of each intraday bar: its length, cut at the session's close."""
        sessions = self.sessions(opened_at.min(), opened_at.max())
        ends = opened_at + np.timedelta64(timeframe.span)
        index = np.searchsorted(sessions.closes, opened_at, side="right")
        inside = sessions.opens[index] <= opened_at
        closes: TimeArray = np.where(inside, np.minimum(ends, sessions.closes[index]), ends)
        return closes

    def trades_at(self, instants: TimeArray) -> NDArray[np.bool_]:
        """Return for each instant whether the market trades then, shape (n,)."""
        hours = self.hours(instants.min(), instants.max())
        index = np.searchsorted(hours.closes, instants, side="right")
        return np.asarray(hours.opens[index] <= instants)

    def is_open(self, instant: datetime) -> bool:
        """Return whether the market trades at `instant`; the instant of the close is outside."""
        return bool(self.trades_at(np.array([to_datetime64(instant)]))[0])

    def next_open(self, instant: datetime) -> datetime:
        """Return the first moment at or after `instant` at which the market trades."""
        at = to_datetime64(instant)
        hours = self.hours(at, at)
        index = int(np.searchsorted(hours.closes, at, side="right"))
        return instant if hours.opens[index] <= at else to_datetime(hours.opens[index])

    def session_close(self, instant: datetime) -> datetime:
        """Return when the session that trades at `instant`, or the next one, closes."""
        at = to_datetime64(instant)
        hours = self.hours(at, at)
        return to_datetime(hours.closes[np.searchsorted(hours.closes, at, side="right")])

    def _usual_hours(self, day: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
        if self.clock_aligned:
            midnight = day.astype("datetime64[us]")
            return midnight, midnight + _DAY
        plain = day.astype("datetime64[D]").astype(date)
        return _new_york(plain, time(9, 30)), _new_york(plain, time(16))


def keep_sessions_in(folder: Path) -> None:
    """Have the sessions of exchanges read from files in `folder`, and kept there.

    A long-lived process says so before it asks for any; without it they are worked out in this
    process, which then holds pandas (60 MB, half a second).
    """
    global _kept  # noqa: PLW0603  as the calendars themselves, one for the process
    _kept = KeptSessions(folder)


def warm(now: datetime) -> None:
    """Read the calendars of `WARM`, so that nobody waits for them later."""
    for code in WARM:
        calendar_for(code).is_open(now)


def usual_years(codes: Iterable[str]) -> list[tuple[str, int, int]]:
    """Return which sessions of the exchanges among `codes` are asked for, the usual ones first:
    New York's history is imported from its beginnings."""
    exchanges = [one for one in codes if one not in (*ROUND_THE_WEEK, CRYPTO)]
    usual = [(one, _FIRST_YEAR, _LAST_YEAR) for one in exchanges]
    decades = range(_FIRST_YEAR - 10, _EARLIEST_YEAR - 1, -10)
    return usual + [(EXCHANGE, decade, _LAST_YEAR) for decade in decades]


@lru_cache(maxsize=16)
def calendar_for(code: str) -> TradingCalendar:
    """Return the one calendar of a code: an exchange's, `24/5`, `24/5 UTC` or `24/7`."""
    return TradingCalendar(code)


@lru_cache(maxsize=16)
def _sessions(code: str, first_year: int, last_year: int) -> Sessions:
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    if code == CRYPTO:
        return _round_the_clock(code, first, last)
    if code in ROUND_THE_WEEK:
        return _currency_days(first, last)
    return _exchange_sessions(code, first_year, last_year)


def _round_the_clock(code: str, first: date, last: date) -> Sessions:
    dates = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + _DAY)
    opens = dates.astype("datetime64[us]")
    closes = (dates + _DAY).astype("datetime64[us]")
    return Sessions(dates, opens, closes, TradingCalendar(code).week_of(dates))


def _currency_days(first: date, last: date) -> Sessions:
    whole = _round_the_clock(CURRENCIES, first, last)
    trading = _weekday(whole.dates) != _SATURDAY
    return Sessions(
        whole.dates[trading], whole.opens[trading], whole.closes[trading], whole.weeks[trading]
    )


@lru_cache(maxsize=4)
def _currency_hours(first_year: int, last_year: int) -> Sessions:
    days = _sessions(CURRENCIES, first_year, last_year)
    weekday = _weekday(days.dates)
    opens, closes = days.opens.copy(), days.closes.copy()
    first, last = weekday == _SUNDAY, weekday == _FRIDAY
    opens[first] = _ends_of(days.dates[first])
    closes[last] = _ends_of(days.dates[last])
    return Sessions(days.dates, opens, closes, days.weeks)


@lru_cache(maxsize=4)
def _new_york_days(first_year: int, last_year: int) -> Sessions:
    days = _sessions(CURRENCIES, first_year, last_year)
    dates, weeks = days.dates, days.weeks
    trading = _weekday(dates) != _SUNDAY
    dates, weeks = dates[trading], weeks[trading]
    return Sessions(dates, _ends_of(dates - _DAY), _ends_of(dates), weeks)


def _ends_of(dates: DateArray) -> TimeArray:
    """Return when the trading days of currencies end on these dates, in UTC."""
    local = (datetime.combine(day, _CURRENCY_DAY_ENDS, _NEW_YORK) for day in dates.tolist())
    seconds = np.fromiter((at.timestamp() for at in local), np.int64, len(dates))
    return seconds.astype("datetime64[s]").astype("datetime64[us]")


def months_of(dates: DateArray) -> IndexArray:
    """Return the number of the month that each date lies in."""
    return dates.astype("datetime64[M]").astype(np.int64)


def _year(day: np.datetime64) -> int:
    return int(day.astype("datetime64[Y]").astype(np.int64)) + 1970


def _weekday(dates: DateArray) -> IndexArray:
    return (dates - _MONDAY).astype(np.int64) % 7


def _exchange_sessions(code: str, first_year: int, last_year: int) -> Sessions:
    found = (
        _kept.get(code, first_year, last_year)
        if _kept is not None
        else work_out(code, first_year, last_year)
    )
    weeks = TradingCalendar(code).week_of(found.dates)
    return Sessions(found.dates, found.opens, found.closes, weeks)


def _new_york(day: date, at: time) -> np.datetime64:
    local = datetime.combine(day, at, tzinfo=_NEW_YORK)
    return to_datetime64(local.astimezone(UTC))
