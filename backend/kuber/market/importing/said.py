"""What a user says beside a file, and what was understood of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from kuber.kernel.time_zones import (
    fixed_offset,
    offset_name,
    offset_zone,
    shifted_zone,
    time_zones,
)
from kuber.market.actions.types import Prices, ToldSplit
from kuber.market.importing.faults import refuse
from kuber.market.types import Timeframe


class Label(StrEnum):
    """Which end of a bar its time in the file names."""

    OPEN = "open"
    CLOSE = "close"


class DateOrder(StrEnum):
    """What comes first in dates such as 03/04/2024."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


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
    date_order: DateOrder | None = None
    """Of dates that may begin with the day or the month."""

    @property
    def day_is_first(self) -> bool | None:
        """Whether dates begin with the day; None where nothing is said."""
        return None if self.date_order is None else self.date_order is DateOrder.DAY_FIRST


@dataclass(frozen=True, slots=True)
class Known:
    """One thing about a file, in words for people, and how it is known."""

    value: str
    how: How


def zone_of(timezone: str | None) -> tzinfo:
    """Return the zone of a name such as `Asia/Tokyo`, `GMT+2` or `America/New_York+7`, UTC for
    None."""
    if timezone is None or timezone.strip().upper() in ("", "UTC", "Z"):
        return UTC
    if timezone.strip() in time_zones():
        return ZoneInfo(timezone.strip())
    if (shifted := shifted_zone(timezone)) is not None:
        return shifted
    ahead = fixed_offset(timezone)
    if ahead is None:
        raise refuse(
            "unknown_timezone",
            f"There is no time zone {timezone[:40]!r}.",
            "Use that of a place, such as Europe/London or America/New_York, or an offset such as"
            " UTC+2. Files of MetaTrader mostly are in EET or in America/New_York+07:00.",
            field="timezone",
        )
    return offset_zone(ahead)


def zone_as_kept(timezone: str | None) -> str | None:
    """Return the name under which a zone is kept: offsets are written in one way."""
    if timezone is None or timezone.strip() in time_zones():
        return timezone
    if (shifted := shifted_zone(timezone)) is not None:
        return str(shifted)
    ahead = fixed_offset(timezone)
    return timezone if ahead is None else offset_name(ahead)
