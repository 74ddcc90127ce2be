"""When a time trigger fires: daily windows and cron expressions, in a time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SEARCH_DAYS = 366 * 8 + 2
"""How far ahead a firing is looked for: beyond the next 29 February, even around a year 2100."""
_NAMES = {
    name: number
    for names, first in (
        ("jan feb mar apr may jun jul aug sep oct nov dec", 1),
        ("sun mon tue wed thu fri sat", 0),
    )
    for number, name in enumerate(names.split(), start=first)
}
_HOURS = 24
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))


class Schedule(Protocol):
    """A rule that says when."""

    def met(self, instant: datetime) -> bool:
        """Return whether a run may go ahead at `instant`."""
        ...

    def next(self, instant: datetime) -> datetime | None:
        """Return the first time at or after `instant` at which it may, in UTC; None if never."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` (both included, to the minute) on certain weekdays (0 is Monday).

    A window whose end lies before its start runs past midnight and belongs to the day it
    starts on.
    """

    start: time
    end: time
    weekdays: frozenset[int]
    zone: ZoneInfo

    def met(self, instant: datetime) -> bool:
        day = instant.astimezone(self.zone).date()
        return any(
            opens <= instant < closes
            for opens, closes in map(self._on, (day - timedelta(days=1), day))
            if opens.astimezone(self.zone).weekday() in self.weekdays
        )

    def next(self, instant: datetime) -> datetime | None:
        if self.met(instant):
            return instant
        first = instant.astimezone(self.zone).date()
        for ahead in range(9):
            day = first + timedelta(days=ahead)
            opens, _ = self._on(day)
            if day.weekday() in self.weekdays and opens >= instant:
                return opens
        return None

    def _on(self, day: date) -> tuple[datetime, datetime]:
        last = day if self.end >= self.start else day + timedelta(days=1)
        opens = _instant(datetime.combine(day, self.start, self.zone))
        closes = _instant(datetime.combine(last, self.end, self.zone))
        return opens, closes + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression (minute hour day month weekday), in a time zone.

    Understands `*`, lists, ranges, steps and English three-letter names; Sunday is 0 or 7. As
    in cron, a day matches by either field when both day and weekday are restricted. A run may
    go ahead up to `grace` after a firing.

    Where clocks change, an expression that fires several times an hour, or every hour, goes by the
    hours that pass; any other fires once, later if its time is skipped.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    zone: ZoneInfo
    grace: timedelta

    @classmethod
    def parse(cls, expression: str, zone: ZoneInfo, grace: timedelta) -> "Cron":
        """Return the schedule; raises ValueError naming the field that cannot be read."""
        parts = expression.lower().split()
        if len(parts) != len(_FIELDS):
            raise ValueError(
                "a cron expression has five fields (minute hour day month weekday),"
                f" not {len(parts)}"
            )
        sets = [
            _values(part, name, low, high)
            for part, (name, low, high) in zip(parts, _FIELDS, strict=True)
        ]
        weekdays = frozenset(day % 7 for day in sets[4])
        either = not parts[2].startswith("*") and not parts[4].startswith("*")
        return cls(sets[0], sets[1], sets[2], sets[3], weekdays, either, zone, grace)

    def met(self, instant: datetime) -> bool:
        fired = self.next(instant - self.grace)
        return fired is not None and fired <= instant

    def next(self, instant: datetime) -> datetime | None:
        local = instant.astimezone(self.zone)
        for ahead in range(SEARCH_DAYS):
            day = local.date() + timedelta(days=ahead)
            if self._matches(day):
                for moment in self._firings(day):
                    if moment >= instant:
                        return moment
        return None

    def _matches(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday

    def _firings(self, day: date) -> list[datetime]:
        often = len(self.minutes) > 1 or len(self.hours) == _HOURS
        found = set()
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute), self.zone)
                if not often:
                    found.add(local.astimezone(UTC))
                elif _exists(local):
                    found.update({local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)})
        return sorted(found)


def _exists(local: datetime) -> bool:
    """Return whether clocks show this time: they skip some when they are put forward."""
    assert local.tzinfo is not None, "a local time has a zone"
    shown = local.astimezone(UTC).astimezone(local.tzinfo)
    return shown.replace(tzinfo=None) == local.replace(tzinfo=None, fold=0)


def _instant(local: datetime) -> datetime:
    """Return a local time in UTC: where it is skipped the moment at which clocks skip it, where it
    comes twice the first."""
    if _exists(local):
        return local.astimezone(UTC)
    # Read by the offset from before the change it lies behind it, by the one from after before it.
    early, late = local.replace(fold=1).astimezone(UTC), local.astimezone(UTC)
    minutes = range(int((late - early).total_seconds()) // 60)
    after = late.astimezone(local.tzinfo).utcoffset()
    moments = (early + timedelta(minutes=minute) for minute in minutes)
    changed = (one for one in moments if one.astimezone(local.tzinfo).utcoffset() == after)
    return next(changed, late)


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, name, 1, high) if slash else 1
        if span == "*":
            first, last = low, high
        else:
            first_text, dash, last_text = span.partition("-")
            first = _number(first_text, name, low, high)
            last = _number(last_text, name, low, high) if dash else (high if slash else first)
        if first > last:
            raise ValueError(f"the {name} range {span!r} ends before it starts")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(text: str, name: str, low: int, high: int) -> int:
    number = _NAMES.get(text, -1) if name in ("month", "weekday") else -1
    if text.isascii() and text.isdigit():
        number = int(text)
    if not low <= number <= high:
        raise ValueError(f"{text!r} is not a {name} from {low} to {high}")
    return number
