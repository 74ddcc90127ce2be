"""Time: one injected clock, aware UTC everywhere."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Source of the present; the only one product code may ask."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved; the clock of a replay."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def advance(self, step: timedelta) -> None:
        """Move the clock forward by `step`, which must not be negative."""
        assert step >= timedelta(0), "a clock never runs backwards"
        self.instant += step


def as_utc(instant: datetime) -> datetime:
    """Return `instant` in UTC; raises ValueError when it carries no zone."""
    if instant.tzinfo is None:
        raise ValueError("a time without a zone is ambiguous: add an offset such as Z or +01:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time lies outside the calendar") from error
