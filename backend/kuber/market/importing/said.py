"""What a user says beside a file, and what was understood of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from kuber.kernel.time_zones import time_zones
from kuber.market.actions.types import Prices, ToldSplit
from kuber.market.importing.faults import refuse
from kuber.market.types import Timeframe


class Label(StrEnum):
    """Which end of a bar its time in the file names."""

    OPEN = "open"
    CLOSE = "close"


class How(StrEnum):
    """How something about a file is known."""

    SAID = "said"
    """The user said it."""
    FILE = "file"
    """The file says it."""
    GUESS = "guess"
    """Neither does: it is the usual meaning, or the later of two."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says beside a file; None where the file shall say it."""

    timeframe: Timeframe | None = None
    timezone: str | None = None
    symbol: str | None = None
    market: str | None = None
    """Code of a calendar, for all symbols of the file."""
    label: Label | None = None
    prices: Prices | None = None
    """On which basis prices stand, where their jumps at splits do not tell."""
    markets: Mapping[str, str] = field(default_factory=dict)
    """Calendars of single symbols, as the user has them."""
    splits: Mapping[str, tuple[ToldSplit, ...]] = field(default_factory=dict)
    """Splits of single symbols that earlier files told of."""


@dataclass(frozen=True, slots=True)
class Known:
    """One thing about a file, in words for people, and how it is known."""

    value: str
    how: How


def zone_of(timezone: str | None) -> tzinfo:
    """Return the zone of a name such as `America/New_York`, UTC for None."""
    if timezone is None or timezone.strip().upper() in ("", "UTC", "Z"):
        return UTC
    if timezone.strip() not in time_zones():
        raise refuse(
            "unknown_timezone",
            f"There is no time zone {timezone[:40]!r}.",
            "Use a name such as Europe/London or America/New_York.",
            field="timezone",
        )
    return ZoneInfo(timezone.strip())
