"""Which names of time zones are taken, and offsets as people write them."""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from kuber.kernel.shifted_zone import ShiftedZone

_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-]) ?(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE | re.ASCII)
_SHIFTED = re.compile(r"([A-Za-z_]+(?:/[A-Za-z_]+)+) ?([+-] ?\d{1,2}(?::?\d{2})?)", re.ASCII)
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones; asked once: the answer is read from a folder of files.

    Those of no place, such as the server's own or ones that count leap seconds, are not among them.
    """
    return frozenset(available_timezones()) - {"Factory", "localtime"}


def fixed_offset(text: str) -> timedelta | None:
    """Return how far a zone such as `GMT+2`, `UTC+02:00` or `+0530` is ahead of UTC; None where a
    text is none of these. The names of `time_zones` are no offsets: `Etc/GMT+2` is behind UTC."""
    found = _OFFSET.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if int(minutes or 0) not in (0, 15, 30, 45):
        return None
    ahead = -ahead if sign == "-" else ahead
    return ahead if _WEST <= ahead <= _EAST else None


def offset_name(ahead: timedelta) -> str:
    """Return the one way in which an offset is kept: `UTC+02:00`."""
    minutes = abs(ahead) // timedelta(minutes=1)
    sign = "-" if ahead < timedelta(0) else "+"
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def offset_zone(ahead: timedelta) -> tzinfo:
    """Return the zone of an offset: of whole hours one with a name, which all libraries know.

    That name has the sign of POSIX: `Etc/GMT-2` is two hours ahead of UTC.
    """
    hours, rest = divmod(ahead, timedelta(hours=1))
    if rest:
        return timezone(ahead)
    return ZoneInfo(f"Etc/GMT{-hours:+d}") if hours else UTC


def shifted_zone(text: str) -> ShiftedZone | None:
    """Return the zone of clocks that are ahead of a place's, such as `America/New_York+7`; None
    where a text is none."""
    found = _SHIFTED.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if found is None or found[1] not in time_zones() or found[1].startswith("Etc/"):
        return None
    ahead = fixed_offset(found[2])
    return ShiftedZone(ZoneInfo(found[1]), ahead) if ahead else None
