"""Clocks that run so far ahead of a place's and change with them, as servers of brokers do: seven
hours ahead of New York's, so that the day of currencies ends at their midnight."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo


class ShiftedZone(tzinfo):
    """The zone `base`, `ahead` of it all year: `America/New_York+07:00`."""

    def __init__(self, base: ZoneInfo, ahead: timedelta) -> None:
        self.base = base
        self.ahead = ahead

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        """Return how far these clocks are ahead of UTC when they show `at`."""
        if at is None:
            return None
        there = (at.replace(tzinfo=None) - self.ahead).replace(tzinfo=self.base, fold=at.fold)
        offset = there.utcoffset()
        return None if offset is None else offset + self.ahead

    def dst(self, at: datetime | None) -> timedelta | None:
        """Return the part of the offset that is summer time."""
        if at is None:
            return None
        return (at.replace(tzinfo=None) - self.ahead).replace(tzinfo=self.base, fold=at.fold).dst()

    def tzname(self, at: datetime | None) -> str:
        """Return the name of the zone."""
        return str(self)

    def fromutc(self, at: datetime) -> datetime:
        """Return what these clocks show at an instant."""
        there = at.replace(tzinfo=UTC).astimezone(self.base)
        shown = there.replace(tzinfo=None) + self.ahead
        return shown.replace(tzinfo=self, fold=there.fold)

    def __str__(self) -> str:
        minutes = self.ahead // timedelta(minutes=1)
        sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
        return f"{self.base.key}{sign}{minutes // 60:02d}:{minutes % 60:02d}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShiftedZone) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))
