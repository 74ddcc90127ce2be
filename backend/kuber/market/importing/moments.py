"""Times as files write them: ISO 8601, seconds since 1970 and finer, day or month first, with a
zone behind them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kuber.market.importing.faults import refuse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_EPOCH = 10**8
"""Smaller numbers are no seconds since 1970; eight digits are a date."""
_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d{9,19}(?:\.\d+)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[ T](.+))?")
_YEAR_FIRST = re.compile(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?:[ T](.+))?")
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T](.+))?")
_ZONE_BEHIND = re.compile(r"(.+?) ([A-Za-z]+(?:/[A-Za-z_]+)+|UTC|GMT)")
_BARE_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])[Mm])?(.*)")
_WITH_MONTH = ("%b %d, %Y", "%d %b %Y", "%b %d %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that was read: `at` with or without a zone; `absolute` when it names an instant by
    itself (since 1970, or in UTC), not a clock somewhere."""

    at: datetime
    absolute: bool


def day_first(values: Sequence[str | None], line: int, *, said: bool | None = None) -> bool:
    """Return whether dates such as 03/04/2024 begin with the day.

    `said` is what the user says of dates that do not tell. Raises ImportRefused when nobody does.
    """
    month_first = doubtful = False
    for value in values:
        match = _YEAR_LAST.fullmatch(_BLANKS.sub(" ", (value or "").strip()))
        if match is None:
            continue
        first, sign, second = int(match[1]), match[2], int(match[3])
        if sign == "." or first > 12:
            return True
        month_first |= second > 12
        doubtful = True
    if not doubtful or month_first:
        return False
    if said is None:
        raise refuse(
            "doubtful_dates",
            "Day and month of these dates cannot be told apart.",
            "Say which comes first beside the file: date_order day_first or month_first.",
            line,
            "date_order",
        )
    return said


def read_moment(text: str, *, day_is_first: bool) -> Moment:
    """Return the time that a text names; raises ValueError."""
    plain = _BLANKS.sub(" ", text.strip())
    if _DIGITS.fullmatch(plain) and float(plain) >= _FIRST_EPOCH:
        return Moment(_since_1970(plain), absolute=True)
    zone = None
    if (behind := _ZONE_BEHIND.fullmatch(plain)) is not None:
        plain, zone = behind[1], _zone(behind[2])
    at = _read(plain, day_is_first=day_is_first)
    if zone is not None:
        if at.tzinfo is not None:
            raise ValueError("two zones")
        at = at.replace(tzinfo=zone)
    return Moment(at, absolute=at.tzinfo is not None and at.utcoffset() == timedelta(0))


def _since_1970(text: str) -> datetime:
    whole, _, fraction = text.partition(".")
    digits = len(whole)
    # 9 and 10 digits are seconds until the year 2286, 13 milli-, 16 micro-, 19 nanoseconds.
    per_second = 1 if digits <= 11 else 10**3 if digits <= 14 else 10**6 if digits <= 17 else 10**9
    microseconds = int(whole) * 10**6 // per_second
    if fraction and per_second == 1:
        microseconds += round(float(f"0.{fraction}") * 10**6)
    return _EPOCH + timedelta(microseconds=microseconds)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(name) from error


def _read(text: str, *, day_is_first: bool) -> datetime:
    if (compact := _COMPACT.fullmatch(text)) is not None:
        return _joined(compact[1], compact[2], compact[3], compact[4])
    if (year_first := _YEAR_FIRST.fullmatch(text)) is not None:
        return _joined(year_first[1], year_first[3], year_first[4], year_first[5])
    if (year_last := _YEAR_LAST.fullmatch(text)) is not None:
        one, two = year_last[1], year_last[3]
        day, month = (one, two) if day_is_first else (two, one)
        return _joined(year_last[4], month, day, year_last[5])
    for form in _WITH_MONTH if text[:1].isalpha() or text[2:4].strip(" -").isalpha() else ():
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  a date
        except ValueError:
            continue
    return datetime.fromisoformat(text)


def _joined(year: str, month: str, day: str, clock: str | None) -> datetime:
    date = f"{year}-{int(month):02d}-{int(day):02d}"
    if clock is None:
        return datetime.fromisoformat(date)
    match = _BARE_CLOCK.fullmatch(clock)
    if match is None:
        return datetime.fromisoformat(f"{date}T{clock}")
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4] in "Pp" else 0)
    return datetime.fromisoformat(f"{date}T{hour:02d}:{match[2]}:{match[3] or '00'}{match[5]}")
